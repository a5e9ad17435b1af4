"""
The verbs of the day after: differences planted in bills, and the gateway's own comparison of bills and books.

A day is Beijing's, by the clock of the provider's schedule. What was compared is written down for each payment of the
channel, since checks ask payment by payment.
"""

from datetime import timedelta, timezone

from harness.channels import provider_of
from harness.script.acting import trade_number
from harness.script.stage import Stage
from harness.script.verbs import Step
from harness.sut.contract import Outcome, Reconciled, Reply

BEIJING = timezone(timedelta(hours=8))
# Until the gateway has fetched and compared the bill.
DONE_WAITS_S = (0.05, 0.2, 0.8, 3.2)


async def plant(stage: Stage, step: Step) -> None:
    wanted = step.plant
    assert wanted is not None
    day = await _day(stage, days_ago=0)
    for one in stage.chosen(wanted.order):
        number = await trade_number(stage, one)
        if number is None:
            continue
        provider = provider_of(one.channel)
        await stage.world.control.plant(
            provider, day=day, kind=wanted.kind, out_trade_no=number, add_fen=wanted.add_fen
        )
        stage.history.fact("planted", order=one.order_no, difference=wanted.kind, number=number)


async def reconcile(stage: Stage, step: Step) -> None:
    wanted = step.reconcile
    assert wanted is not None
    day = await _day(stage, days_ago=wanted.days_ago)
    for channel in dict.fromkeys(one.channel for one in stage.opened):
        of_channel = [one for one in stage.opened if one.channel == channel]
        asked = [stage.history.invoke("reconcile", order=one.order_no, channel=channel, day=day) for one in of_channel]
        reply = await _compared(stage, channel, day=day)
        for invocation in asked:
            stage.end(invocation, reply, told={})


async def _compared(stage: Stage, channel: str, *, day: str) -> Reply[Reconciled]:
    for wait_s in (*DONE_WAITS_S, None):
        reply = await stage.world.gateway.reconcile(channel, day=day)
        if reply.outcome is not Outcome.OK or wait_s is None or (reply.value is not None and reply.value.done):
            break
        await stage.world.clock.sleep(wait_s)
    return reply


async def _day(stage: Stage, *, days_ago: int) -> str:
    now = (await stage.world.control.clock()).schedule_at or stage.world.clock.now()
    return (now.astimezone(BEIJING).date() - timedelta(days=days_ago)).isoformat()
