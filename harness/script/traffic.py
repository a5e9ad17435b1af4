"""
The verb `run`: the load as traffic, each payment with a life of its own, and the timeline beside it.

Whether a buyer pays and which payment goes back is drawn by the seed and the payment's label, never by the clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from harness.control import BuyerAction
from harness.events import StepStarted
from harness.model import PAID_STATUSES
from harness.script.acting import act_at, trade_number
from harness.script.schema import seconds
from harness.script.stage import Opened, Stage, payment_told
from harness.script.verbs import Moment, Step

DRAWN_OF = 10_000
# How long the gateway may take to hear of the money before somebody asks for it back; in the world's time.
HEARD_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
# A merchant's own distances between two tries, after the quick ones of its client.
AGAIN_WAITS_S = (0.3, 0.6, 1.2, 2.4)
# What ends something that was begun before.
GIVES_BACK = frozenset({"resume", "heal"})
Do = Callable[[Stage, Step], Awaitable[None]]


async def play_load(stage: Stage, *, do: Do) -> None:
    """
    Play all of the load that is not open yet, with the timeline beside it; come back when both are over.

    Args:
        do: plays a step; the timeline's moments are steps.
    """
    moments = stage.scenario.timeline
    soon = [moment for moment in moments if moment.at is not None]
    later = [moment for moment in moments if moment.after is not None]
    soon.sort(key=lambda moment: seconds(moment.at or "0s"))
    later.sort(key=lambda moment: moment.after or 0)
    begun = stage.world.clock.now()

    async with asyncio.TaskGroup() as group:
        group.create_task(at_their_times(stage, soon, begun=begun, do=do))
        counted = group.create_task(_after_so_many(stage, later, do=do))
        await _traffic(stage)
        # Whoever waits for more payments than there are would wait for ever; the last one may just have been paid.
        if all(moment.after is None or moment.after <= stage.paid for moment in later):
            await counted
        else:
            counted.cancel()
            stage.untold += [
                f"{moment.text}: only {stage.paid} were paid" for moment in later if (moment.after or 0) > stage.paid
            ]


async def at_their_times(stage: Stage, moments: Sequence[Moment], *, begun: datetime, do: Do) -> None:
    """
    One after another, each at its time or as soon as those before it are done.

    A restart may need for its end what a later moment gives back, so that moment does not wait for it.
    """
    async with asyncio.TaskGroup() as group:
        restart: asyncio.Task[None] | None = None
        for moment in moments:
            passed_s = (stage.world.clock.now() - begun) / timedelta(seconds=1)
            await stage.world.clock.sleep(max(seconds(moment.at or "0s") - passed_s, 0))
            if restart is not None and moment.verb not in GIVES_BACK:
                await restart
            happening = group.create_task(_happen(stage, moment, do=do))
            if moment.verb == "restart":
                restart = happening
            else:
                await happening


async def _after_so_many(stage: Stage, moments: list[Moment], *, do: Do) -> None:
    for moment in moments:
        assert moment.after is not None
        await stage.until_paid(moment.after)
        await _happen(stage, moment, do=do)


async def _happen(stage: Stage, moment: Moment, *, do: Do) -> None:
    number = stage.scenario.timeline.index(moment) + 1
    stage.announce(StepStarted(number=number, total=len(stage.scenario.timeline), text=moment.text))
    await do(stage, moment)


async def _traffic(stage: Stage) -> None:
    load = stage.scenario.load
    fresh = stage.fresh(load.count - len(stage.opened))
    if load.rate is None:
        await stage.each(fresh, lambda one: _live(stage, one))
        return
    begun = stage.world.clock.now()
    async with asyncio.TaskGroup() as group:
        for one, start_s in zip(fresh, load.starts_s(), strict=False):
            passed_s = (stage.world.clock.now() - begun) / timedelta(seconds=1)
            if start_s > passed_s:
                await stage.world.clock.sleep(start_s - passed_s)
            group.create_task(_live(stage, one))


async def _live(stage: Stage, one: Opened) -> None:
    load, ids = stage.scenario.load, stage.world.ids
    await _open(stage, one)
    if not _drawn(stage, load.paid, "pays", one.label):
        return
    think_ms = round(1000 * seconds(load.think))
    if think_ms:
        await stage.world.clock.sleep(ids.draw(0, think_ms, "thinks", one.label) / 1000)
    await act_at(stage, one, action=BuyerAction.PAY, number=await trade_number(stage, one))
    if _drawn(stage, load.refunded, "refunds", one.label):
        await _refund(stage, one)


async def _open(stage: Stage, one: Opened) -> None:
    """
    A merchant who got no answer asks again for the same order, for a while.
    """
    await stage.create(one)
    for wait_s in AGAIN_WAITS_S:
        if one.payment is not None or one.refused:
            return
        await stage.world.clock.sleep(wait_s)
        await stage.create(one)


async def _refund(stage: Stage, one: Opened) -> None:
    """
    All of it back, once the gateway has heard of the money; a refund of what it does not know yet it may refuse.
    """
    for wait_s in HEARD_WAITS_S:
        if one.payment is None:
            return
        asked = stage.history.invoke("get", order=one.order_no)
        reply = await stage.world.gateway.get(one.payment.id)
        stage.end(asked, reply, told=payment_told(reply.value))
        if reply.value is not None and reply.value.status in PAID_STATUSES:
            one.refunds += 1
            number = stage.world.ids.refund_no(one.label, one.refunds)
            await stage.ask_refund(one, reply.value, refund_no=number, amount_fen=one.amount_fen)
            return
        await stage.world.clock.sleep(wait_s)


def _drawn(stage: Stage, share: float, *key: str) -> bool:
    return stage.world.ids.draw(1, DRAWN_OF, *key) <= round(share * DRAWN_OF)
