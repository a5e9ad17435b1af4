"""
Bills: true ones, ones that lie, ones that are not there, and days that end at midnight in Beijing.
"""

import asyncio

from harness.cases.base import Case, Play
from harness.cases.stage import Order, Stage
from harness.sut.contract import Ability
from harness.world.base import Move

HOUR_S = 3600.0
# By then each provider has written the bill of the day before.
AFTERNOON = 13.0
TRIES = 3
NEEDS = frozenset({Ability.CREATE, Ability.RECONCILE})
CLOCK = frozenset({Move.ADVANCE})


async def _paid(stage: Stage, amount_fen: int = 990) -> Order:
    order = await stage.opened(amount_fen)
    await stage.pay(order)
    return order


async def quiet(stage: Stage) -> None:
    """Two payments; the day is compared when it is over, a few times where it does not come to an end at once."""
    first, _ = await _paid(stage), await _paid(stage, 83)
    stage.mark("quiet-day", first)
    day = stage.day
    await stage.until(AFTERNOON, days=1)
    for _ in range(TRIES):
        if await stage.compare(first, day):
            break
        await stage.advance(HOUR_S)


async def with_refunds(stage: Stage) -> None:
    """A payment that went back in part, and one in full."""
    first, second = await _paid(stage), await _paid(stage, 500)
    await stage.refund(first, 300)
    await stage.refund(second, 500)
    stage.mark("day-with-refunds", first)
    day = stage.day
    # A refund may take a while; the books have it on the day on which it was made.
    await stage.until(AFTERNOON, days=1)
    await stage.compare(first, day)


def lying(kind: str, *, refund: bool = False, named: bool = True, **more: int) -> Play:
    """
    A bill that lies about one of two orders.
    """

    async def play(stage: Stage) -> None:
        first, _ = await _paid(stage), await _paid(stage, 83)
        if refund:
            await stage.refund(first, 300)
        await stage.plant(first, kind, named=named, **more)
        day = stage.day
        await stage.until(AFTERNOON, days=1)
        await stage.compare(first, day)
        await stage.look(first)

    return play


async def other_refund(stage: Stage) -> None:
    """A payment goes back in part on the next day, and that day's bill has the refund over another amount."""
    order = await _paid(stage)
    await stage.until(AFTERNOON, days=1)
    await stage.refund(order, 300)
    await stage.advance(60)
    stage.mark("refund-row", order)
    await stage.plant(order, "amount")
    day = stage.day
    await stage.until(AFTERNOON, days=1)
    await stage.compare(order, day)
    await stage.look(order)


async def lies_that_cancel(stage: Stage) -> None:
    """One row a fen too much, another a fen too little: the day's sums are right."""
    orders = [await _paid(stage), await _paid(stage, 83)]
    for order, add_fen in zip(orders, (1, -1), strict=True):
        await stage.plant(order, "amount", add_fen=add_fen)
    day = stage.day
    await stage.until(AFTERNOON, days=1)
    for order in orders:
        await stage.compare(order, day)
        await stage.look(order)


async def never_heard_of(stage: Stage) -> None:
    """No notify comes, no question is answered until the bill is there; then it is compared, three times."""
    order = await stage.opened()
    stage.mark("never-heard-of", order)
    stage.mark("compared-again", order)
    await stage.strike(order, "drop_all")
    await stage.strike(order, "http_error", on="query", status=500, first=1_000_000)
    await stage.act(order)
    day = stage.day
    await stage.until(AFTERNOON, days=1)
    await stage.look(order)
    await stage.calm()
    await stage.compare(order, day)
    await stage.look(order)
    await asyncio.gather(stage.compare(order, day), stage.compare(order, day))


async def around_midnight(stage: Stage) -> None:
    """The last minute of a day, its first half hour, and an evening; each day is compared."""
    stage_days = []
    for hour, days in ((23.995, 0), (0.5, 1), (20.0, 0)):
        await stage.until(hour, days=days)
        order = await _paid(stage)
        stage.mark("around-midnight", order)
        stage_days.append((order, stage.day))
    await stage.until(AFTERNOON, days=1)
    for order, day in stage_days[:2]:
        await stage.compare(order, day)


async def not_there_yet(stage: Stage) -> None:
    """Compared a minute after midnight, when nobody has written a bill."""
    order = await _paid(stage)
    day = stage.day
    await stage.until(1 / 60, days=1)
    stage.mark("no-bill-yet", order)
    await stage.compare(order, day)
    await stage.until(AFTERNOON)
    await stage.compare(order, day)


async def not_over(stage: Stage) -> None:
    """Compared on the very day."""
    order = await _paid(stage)
    stage.mark("day-not-over", order)
    await stage.compare(order, stage.day)


def _case(name: str, play: Play, *covers: str, refund: bool = False) -> Case:
    return Case(
        name=f"bill-{name}",
        covers=tuple(f"reconciliation/{one}" for one in covers),
        play=play,
        needs=NEEDS | {Ability.REFUND} if refund else NEEDS,
        moves=CLOCK,
    )


CASES = (
    _case("quiet", quiet, "true-bill-agrees", "comes-to-an-end"),
    _case("with-refunds", with_refunds, "refunds-agree", refund=True),
    _case("missing-row", lying("missing_row"), "missing-row-told", "nothing-by-the-bill"),
    _case("extra-row", lying("extra_row", named=False), "extra-row-told", "nothing-by-the-bill"),
    _case("row-twice", lying("extra_row", add_fen=990), "extra-row-told", "nothing-by-the-bill"),
    _case("amount", lying("amount", named=True), "amount-told", "nothing-by-the-bill"),
    _case("refund-amount", other_refund, "refund-amount-told", "nothing-by-the-bill", refund=True),
    _case("lies-that-cancel", lies_that_cancel, "amount-told", "nothing-by-the-bill"),
    _case("empty", lying("empty_bill", named=False), "empty-bill-told", "nothing-by-the-bill"),
    _case(
        "refund-elsewhere",
        lying("refund_other_day", refund=True),
        "refund-elsewhere-told",
        "nothing-by-the-bill",
        refund=True,
    ),
    _case("never-heard-of", never_heard_of, "lost-payment-found", "again-harmless"),
    _case("around-midnight", around_midnight, "beijing-day"),
    _case("not-there-yet", not_there_yet, "no-bill-no-agreement"),
    _case("not-over", not_over, "day-not-over"),
)
