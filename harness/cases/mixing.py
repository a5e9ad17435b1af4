"""
What belongs to one order and is shown for another: a notify of another channel, an id that a forger used first.
"""

from harness.cases.base import Case
from harness.cases.stage import Order, Stage
from harness.model import PAID_STATUSES
from harness.sut.contract import Ability

ALWAYS = 1_000_000
# How long a gateway may take to book what it has acknowledged.
BOOKING_S = 2.0


async def told_by_another(stage: Stage) -> None:
    """A buyer pays one order; the same channel truly signs a notify that names an order over another channel."""
    if not stage.elsewhere:
        return
    victim = stage.order(channel=stage.elsewhere)
    await stage.open(victim)
    number = await stage.number_of(victim)
    if number is None:
        return
    order = await stage.opened(victim.amount_fen)
    await stage.strike(order, "unknown_order", number=number)
    await stage.pay(order)
    if await stage.heard(order, "unknown_order"):
        stage.mark("named-by-another-channel", victim)


async def behind_a_forgery(stage: Stage) -> None:
    """No question is answered; one payment's notify comes alone, another's behind a forgery that bears its id."""
    alone, behind = await stage.opened(), await stage.opened()
    for order in (alone, behind):
        await stage.strike(order, "http_error", on="query", status=500, first=ALWAYS)
    if await _status_once_paid(stage, alone) in PAID_STATUSES:
        await stage.strike(behind, "forged_signature")
        stage.mark("behind-a-forgery", behind)
        await _status_once_paid(stage, behind)
    await stage.calm()


async def _status_once_paid(stage: Stage, order: Order) -> str:
    await stage.pay(order)
    await stage.taken(order, within_s=BOOKING_S)
    await stage.world.clock.sleep(BOOKING_S)
    await stage.look(order)
    return "" if order.payment is None else order.payment.status


async def told_then_looked_at(stage: Stage) -> None:
    """Looked at, paid, told to the platform, and looked at again."""
    order = await stage.opened()
    await stage.look(order)
    await stage.pay(order)
    await stage.world.clock.sleep(BOOKING_S)
    await stage.look(order)


async def codes(stage: Stage) -> None:
    """Two orders over the same amount and text; one of them is paid."""
    order, _ = await stage.opened(), await stage.opened()
    await stage.pay(order)


CREATE = frozenset({Ability.CREATE})
CASES = (
    Case(name="another-channels", covers=("notify/another-channels",), play=told_by_another),
    Case(name="behind-a-forgery", covers=("security/forged-id",), play=behind_a_forgery),
    Case(
        name="told-then-looked-at",
        covers=("state/told-is-shown",),
        play=told_then_looked_at,
        needs=CREATE | {Ability.WEBHOOKS},
    ),
    Case(name="codes", covers=("state/own-code",), play=codes),
)
