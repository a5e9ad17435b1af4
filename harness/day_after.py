"""
The day after: time passes until a day's bills are written, and the gateway compares them with its books.

It asks and writes down what was said; what the comparison has to bring about it refuses to know.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta

from harness.clock import BEIJING
from harness.control import Trade
from harness.history import History
from harness.sut.contract import Ability, Outcome, Payment, Reconciled, Reply
from harness.world.base import Move, World

# By then each provider has written the bill of the day before.
WRITTEN_H = 13
# Until the gateway has fetched and compared a bill.
DONE_WAITS_S = (0.05, 0.2, 0.8, 3.2)


def comparable(world: World) -> bool:
    """
    Whether the world's days can pass, and its gateway compares bills.
    """
    return Ability.RECONCILE in world.gateway.abilities and Move.ADVANCE in world.moves


async def compare(world: World, paid: Iterable[tuple[Trade, Payment]], *, history: History | None) -> timedelta:
    """
    Let the gateway compare the bill of each payment's day, once that is over.

    Args:
        history: where it is written down for each of their orders, if anywhere.

    Returns:
        The time that passed.
    """
    began_at = world.clock.now()
    for trade, payment in paid:
        assert trade.paid_at is not None
        day = trade.paid_at.astimezone(BEIJING)
        written_at = day.replace(hour=WRITTEN_H, minute=0, second=0, microsecond=0) + timedelta(days=1)
        await _until(world, written_at)
        asked = None
        told = {"channel": payment.channel, "day": day.date().isoformat()}
        if history is not None:
            asked = history.invoke("reconcile", order=payment.merchant_order_no, **told)
        reply = await compared(world, payment.channel, day=told["day"])
        if history is not None and asked is not None:
            _end(history, asked, reply)
    await world.advance(0)
    return world.clock.now() - began_at


async def compared(world: World, channel: str, *, day: str) -> Reply[Reconciled]:
    """
    The gateway's comparison of one day, waited for while it says that it is not done.
    """
    for wait_s in (*DONE_WAITS_S, None):
        reply = await world.gateway.reconcile(channel, day=day)
        if reply.outcome is not Outcome.OK or wait_s is None or (reply.value is not None and reply.value.done):
            break
        await world.clock.sleep(wait_s)
    return reply


async def _until(world: World, moment: datetime) -> None:
    """
    By the provider's schedule, which writes the bills.
    """
    now = (await world.control.clock()).schedule_at or world.clock.now()
    if now < moment:
        await world.advance((moment - now).total_seconds())


def _end(history: History, asked: int, reply: Reply[Reconciled]) -> None:
    if reply.outcome is Outcome.OK and reply.value is not None:
        found = [asdict(one) for one in reply.value.discrepancies]
        history.ok(asked, done=reply.value.done, discrepancies=found)
    elif reply.outcome is Outcome.REFUSED:
        history.fail(asked, status_code=reply.status, code=reply.code, detail=reply.detail)
    else:
        history.unknown(asked, status_code=reply.status, detail=reply.detail)
