"""
Two that look like one: order numbers that differ in case, one refund number for two orders, one order number for two
amounts or over two channels, and an answer that is older than the news.
"""

import asyncio

from harness.cases.base import Case, Play
from harness.cases.stage import Order, Stage
from harness.channels import PROVIDED
from harness.control import BuyerAction
from harness.sut.contract import Ability

HOUR_S = 3_600.0
ORDERS = 10
# How long an answer is on its way; every gateway waits for longer.
ON_ITS_WAY_S, MOMENT_S = 3.0, 1.0
CREATE = frozenset({Ability.CREATE})
REFUND = CREATE | {Ability.REFUND}


async def differs_by_case(stage: Stage) -> None:
    """An order, and another one whose number differs from its number in upper and lower case only."""
    first = await stage.opened()
    second = stage.order(1_250)
    second.number = stage.numbered_like(first)
    stage.history.fact("mark", order=second.number, name="differs-by-case", of=first.number)
    await stage.open(second)
    await stage.pay(first)


async def other_body_at_once(stage: Stage) -> None:
    """One order number over two amounts at the same moment, for many orders."""
    for _ in range(ORDERS):
        order = stage.order()
        other = Order(label=order.label, number=order.number, amount_fen=order.amount_fen + 1)
        stage.mark("other-body-at-once", order)
        await asyncio.gather(stage.ask(order), stage.ask(other))


async def over_two_channels(stage: Stage) -> None:
    """An order is asked for over one channel, then over another; its buyer pays whatever stands anywhere."""
    if not stage.elsewhere:
        return
    order = await stage.opened()
    stage.mark("over-two-channels", order)
    await stage.open_elsewhere(order, stage.elsewhere)
    await stage.pay_each(order)
    await stage.advance(HOUR_S)


async def one_refund_number(stage: Stage) -> None:
    """Two payments, of which a part is asked back under the same number each; an hour later the second once more."""
    first, second = [await _paid(stage) for _ in range(2)]
    await stage.refund(first, 400)
    stage.mark("refund-number-elsewhere", second)
    second.refunds += first.refunds
    await stage.refund(second, again=True)
    await stage.advance(HOUR_S)
    await stage.refund(second, again=True)


async def _paid(stage: Stage) -> Order:
    order = await stage.opened()
    await stage.pay(order)
    await stage.sync(order)
    return order


async def stale_answer(stage: Stage) -> None:
    """The gateway asks; the buyer pays, and the notify comes, before the answer that says that nobody has paid."""
    order = await stage.opened()
    await stage.buyer(order, BuyerAction.SCAN)
    await stage.strike(order, "delay", on="query", seconds=ON_ITS_WAY_S)
    stage.mark("stale-answer", order)

    async def meanwhile() -> None:
        await stage.world.clock.sleep(MOMENT_S)
        await stage.act(order)
        await stage.world.clock.sleep(MOMENT_S)
        await stage.look(order)

    await asyncio.gather(stage.sync(order), meanwhile())
    await stage.world.clock.sleep(ON_ITS_WAY_S)
    await stage.look(order)


def _case(
    name: str,
    play: Play,
    cover: str,
    *,
    needs: frozenset[Ability] = CREATE,
    channels: tuple[str, ...] = PROVIDED,
) -> Case:
    return Case(name=name, covers=(cover,), play=play, needs=needs, channels=channels)


CASES = (
    _case("differs-by-case", differs_by_case, "idempotency/numbers-differ-by-case"),
    _case("other-body-at-once", other_body_at_once, "concurrency/other-body-at-once"),
    _case("over-two-channels", over_two_channels, "money/paid-over-two-channels"),
    _case("one-refund-number", one_refund_number, "refund/number-of-another-order", needs=REFUND),
    _case("stale-answer", stale_answer, "order-of-arrival/stale-answer", needs=CREATE | {Ability.SYNC}),
)
