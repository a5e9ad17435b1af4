"""
Orders that end: closed, closed twice, closed while the buyer pays, closed by the clock, and paid all the same.
"""

import asyncio
from typing import Any

from harness.cases.base import Case, Play
from harness.cases.stage import Order, Stage
from harness.control import BuyerAction
from harness.sut.contract import Ability
from harness.world.base import Move

DAY_S = 86_400.0
HOUR_S = 3600.0
ORDERS = 20
# The last moments of an order that nobody has paid for a quarter of an hour, as most gateways count.
LAST_MOMENT_S = 15 * 60 - 5.0
# So long a call may take, and every gateway waits for longer.
HELD_UP_S = 6.0
ENDABLE = ("alipay", "alipay_v3", "wechatpay_v3", "wechatpay_v2")
NEEDS = frozenset({Ability.CREATE, Ability.CLOSE})
CLOCK = frozenset({Move.ADVANCE})


async def _scanned(stage: Stage) -> Order:
    order = await stage.opened()
    await stage.buyer(order, BuyerAction.SCAN)
    return order


async def plain(stage: Stage) -> None:
    """Closed, looked at, paid by a buyer who does not know of it, looked at again a day later."""
    seen, unseen = await _scanned(stage), await stage.opened()
    for order in (seen, unseen):
        await stage.close(order)
        await stage.look(order)
        await stage.look(order)
    await stage.pay(unseen)
    await stage.advance(DAY_S)
    for order in (seen, unseen):
        await stage.look(order)


async def left_open(stage: Stage) -> None:
    """Closed, and nobody comes any more."""
    order = await _scanned(stage)
    await stage.close(order)
    await stage.refund(order, order.amount_fen)
    await stage.look(order)


async def twice(stage: Stage) -> None:
    """Two at the same moment, and one more."""
    order = await _scanned(stage)
    await stage.close(order, times=2)
    await stage.look(order)
    await stage.close(order)


async def paid_before(stage: Stage) -> None:
    """One whose payment is known, and two of which no notify came: lost, and late."""
    known = await stage.opened()
    await stage.pay(known)
    await stage.look(known)
    await stage.close(known)
    await stage.look(known)
    silent, late = await stage.opened(), await stage.opened()
    await stage.strike(silent, "drop_all")
    await stage.strike(late, "delay", seconds=HOUR_S)
    for order in (silent, late):
        await stage.act(order)
        await stage.close(order)
        await stage.advance(0)
    await stage.advance(2 * HOUR_S)


async def at_once(stage: Stage) -> None:
    """Buyer and merchant at the same moment, a little earlier, a little later, for many orders."""
    for number in range(ORDERS):
        order = await _scanned(stage)
        stage.mark("paid-while-closing", order)
        await asyncio.gather(stage.act(order), stage.close(order, turns=3 * number))
        await stage.advance(0)


async def paid_late(stage: Stage) -> None:
    """The money was on its way when the door shut: a moment later, and a day later."""
    for wait_s in (0.0, DAY_S):
        order = await _scanned(stage)
        await stage.close(order)
        await stage.advance(max(wait_s, HOUR_S))
        await stage.buyer(order, BuyerAction.PAY_LATE)
        await stage.advance(HOUR_S)


async def notify_after(stage: Stage) -> None:
    """The notify waits until somebody has closed the order."""
    order = await stage.opened()
    await stage.strike(order, "after_close")
    await stage.act(order)
    await stage.close(order)
    await stage.advance(2 * HOUR_S)


async def asked_again(stage: Stage) -> None:
    """The same order number, after its close; one buyer pays whatever stands there then, another does not."""
    for pays in (False, True):
        order = await _scanned(stage)
        await stage.close(order)
        await stage.ask(order)
        if pays:
            await stage.pay(order)


async def unanswered(stage: Stage) -> None:
    """The opening never arrived, or its answer did not, and the merchant gives up at once."""
    for fault in ("timeout_before", "timeout_after"):
        order = stage.order()
        await stage.strike(order, fault, on="reply")
        await stage.ask(order)
        await stage.close(order)
        await stage.advance(120)


async def overtakes_opening(stage: Stage) -> None:
    """The call that opens the order is still on its way when the merchant gives up; one buyer pays what comes of it."""
    for pays in (False, True):
        order = stage.order()
        await stage.strike(order, "held_up", on="open", seconds=HELD_UP_S)
        stage.mark("close-overtakes-opening", order)
        await stage.ask(order)
        await stage.close(order)
        await stage.advance(120)
        await stage.look(order)
        if pays:
            await stage.pay(order)
        await stage.advance(HOUR_S)


def answered(*faults: str, **settings: Any) -> Play:
    """
    The call that ends the trade meets each of these faults: one buyer pays afterwards, another does not.
    """

    async def play(stage: Stage) -> None:
        for fault in faults:
            for pays in (False, True):
                order = await _scanned(stage)
                await stage.strike(order, fault, on="close", **settings)
                await stage.close(order)
                await stage.advance(120)
                if pays:
                    await stage.pay(order)

    return play


async def times_out(stage: Stage) -> None:
    """Nobody pays: one order was scanned, the other never."""
    seen, unseen = await _scanned(stage), await stage.opened()
    stage.mark("time-over", seen, unseen)
    await stage.advance(26 * HOUR_S)


async def last_moment(stage: Stage) -> None:
    """Paid as the time runs out, and no notify comes."""
    order = await _scanned(stage)
    await stage.strike(order, "drop_all")
    stage.mark("paid-before-timeout", order)
    await stage.advance(LAST_MOMENT_S)
    await stage.act(order)
    await stage.advance(26 * HOUR_S)


async def late_by_time(stage: Stage) -> None:
    """The order's time was over when the money arrived."""
    order = await _scanned(stage)
    stage.mark("late-by-time", order)
    await stage.advance(26 * HOUR_S)
    await stage.buyer(order, BuyerAction.PAY_LATE)
    await stage.pay(order)
    await stage.advance(HOUR_S)


def _case(name: str, play: Play, *covers: str, needs: frozenset[Ability] = NEEDS) -> Case:
    return Case(name=f"close-{name}", covers=tuple(f"close/{one}" for one in covers), play=play, needs=needs)


def _answered(name: str, *faults: str, **settings: Any) -> Case:
    play = answered(*faults, **settings)
    return Case(name=f"close-{name}", covers=(f"close/{name}",), play=play, channels=ENDABLE, needs=NEEDS)


def _by_time(name: str, play: Play) -> Case:
    return Case(name=f"close-{name}", covers=(f"close/{name}",), play=play, moves=CLOCK)


CASES = (
    Case(
        name="close-plain",
        covers=("close/stays-closed",),
        play=plain,
        needs=NEEDS,
    ),
    Case(
        name="close-left-open",
        covers=("close/provider-first", "close/ends-closed"),
        play=left_open,
        channels=ENDABLE,
        needs=NEEDS | {Ability.REFUND},
    ),
    _case("refunded", left_open, "refund-refused", "nothing-credited", needs=NEEDS | {Ability.REFUND}),
    _case("twice", twice, "twice-harmless"),
    _case("paid-before", paid_before, "paid-stays-paid", "found-paid"),
    _case("at-once", at_once, "paid-at-once"),
    _case("paid-late", paid_late, "paid-late"),
    _case("notify-after", notify_after, "notify-after"),
    _case("asked-again", asked_again, "asked-again"),
    _case("unanswered-opening", unanswered, "unanswered-opening"),
    Case(
        name="close-overtakes-opening",
        covers=("close/overtakes-opening",),
        play=overtakes_opening,
        channels=ENDABLE,
        needs=NEEDS,
    ),
    _answered("no-answer", "timeout_after", "timeout_before"),
    _answered("torn", "reset_after", "reset_before"),
    _answered("system-error", "system_error", "http_error"),
    _answered("still-paying", "in_process", work=False),
    _answered("not-believed", "bad_signature"),
    _by_time("times-out", times_out),
    _by_time("paid-before-timeout", last_moment),
    _by_time("late-after-timeout", late_by_time),
)
