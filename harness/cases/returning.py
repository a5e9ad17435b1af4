"""
Refunds that do not end as their first answer says: they fail later, get stuck, or are answered by somebody else's.
"""

from harness.cases.base import Case, Play
from harness.cases.stage import Order, Stage
from harness.cases.straying import REFUSALS
from harness.catalog.refund import STUCK
from harness.sut.contract import Ability
from harness.world.base import Move

DAY_S, HOUR_S = 86_400.0, 3_600.0
ALWAYS = 1_000_000
STUCK_S = 2 * DAY_S
# How long a gateway may take to begin with a refund that it has promised.
CALLING_S = 5.0
CLOCK = frozenset({Move.ADVANCE})
REFUND = frozenset({Ability.CREATE, Ability.REFUND})


async def _paid(stage: Stage) -> Order:
    order = await stage.opened()
    await stage.pay(order)
    await stage.sync(order)
    return order


async def failed(stage: Stage) -> None:
    """A part is refunded; the rest is accepted, and fails afterwards."""
    order = await _paid(stage)
    await stage.refund(order, 300)
    await stage.strike(order, "refund_fails", on="refund", first=ALWAYS)
    await stage.refund(order, 690)
    await stage.befallen(order, "refund_fails", times=1, within_s=CALLING_S)
    await stage.advance(HOUR_S)
    await stage.refund(order, again=True)
    await stage.calm()
    await stage.advance(HOUR_S)


async def failed_then_anew(stage: Stage) -> None:
    """A part is refunded; the rest is accepted and fails afterwards; a day later the merchant asks for it anew."""
    order = await _paid(stage)
    await stage.refund(order, 300)
    await stage.strike(order, "refund_fails", on="refund", first=ALWAYS)
    await stage.refund(order, 690)
    await stage.advance(DAY_S)
    await stage.calm()
    stage.mark("refund-failed-later", order)
    await stage.refund(order, 690)
    await stage.advance(3 * DAY_S)


async def refused_after_doubt(stage: Stage) -> None:
    """The refund is made, and nobody hears of it; the same once more is refused."""
    order = await _paid(stage)
    await stage.strike(order, "drop_all")
    await stage.strike(order, "timeout_after", on="refund")
    await stage.strike(order, "refuse", on="refund", first=2, nth=2, code=REFUSALS[stage.channel])
    await stage.refund(order, 400)
    await stage.refund(order, again=True)
    await stage.befallen(order, "refuse", times=1, within_s=CALLING_S)
    await stage.advance(60)
    await stage.calm()
    await stage.advance(DAY_S)


async def stuck(stage: Stage) -> None:
    """Stuck for two days; after the first the merchant looks, and asks for the same again; then it arrives."""
    order = await _paid(stage)
    await stage.strike(order, "refund_fails", on="refund", stuck_s=STUCK_S)
    await stage.refund(order, 600)
    await stage.advance(DAY_S)
    stage.mark("refund-stuck", order)
    await stage.look(order)
    await stage.refund(order, 600)
    await stage.advance(3 * DAY_S)
    await stage.look(order)


def answered(which: str, *, fails: tuple[bool, ...]) -> Play:
    """
    What is asked for or about a refund is answered by another's, which went well, for an hour; then truly.

    Args:
        fails: for each order, whether its own refund fails.
    """

    async def play(stage: Stage) -> None:
        for failing in fails:
            order = await _paid(stage)
            await stage.strike(order, "drop_all")
            for verb in ("refund", "refund_query"):
                await stage.strike(order, "another_answer", on=verb, which=which, first=ALWAYS)
            if failing:
                await stage.strike(order, "refund_fails", on="refund", first=ALWAYS)
            await stage.refund(order, 400)
            await stage.refund(order, again=True)
            await stage.befallen(order, "another_answer", times=2, within_s=CALLING_S)
        await stage.advance(HOUR_S)
        await stage.calm()
        await stage.advance(DAY_S)

    return play


def _case(name: str, play: Play, cover: str, *, clock: bool = False) -> Case:
    return Case(name=name, covers=(cover,), play=play, needs=REFUND, moves=CLOCK if clock else frozenset())


CASES = (
    _case("refund-refused-after-doubt", refused_after_doubt, "refund/refused-after-doubt"),
    _case("refund-failed", failed, "refund/failed-later"),
    _case("refund-failed-then-anew", failed_then_anew, "refund/failed-later", clock=True),
    Case(
        name="refund-stuck",
        covers=("refund/stuck-is-neither",),
        play=stuck,
        channels=STUCK,
        needs=REFUND,
        moves=CLOCK,
    ),
    _case(
        "refund-about-another",
        answered("order", fails=(True, False)),
        "refund/answer-about-another",
    ),
    _case("refund-other-amount", answered("amount", fails=(True,)), "refund/answer-other-amount"),
)
