"""
The verbs of the day after: differences planted in bills, and the gateway's own comparison of bills and books.

A day is Beijing's, by the clock of the provider's schedule. What was compared is written down for each payment of the
channel, since checks ask payment by payment.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from harness.channels import provider_of
from harness.clock import BEIJING
from harness.day_after import compared
from harness.model import PAID_STATUSES
from harness.script.acting import trade_number
from harness.script.stage import Opened, Stage
from harness.script.verbs import Step
from harness.sut.contract import Reconciled


async def plant(stage: Stage, step: Step) -> None:
    wanted = step.plant
    assert wanted is not None
    day = await _day(stage, days_ago=0)
    stage.history.fact("plant", what=wanted.kind, orders=wanted.order)
    for one in stage.chosen(wanted.order):
        number = await trade_number(stage, one)
        if number is None:
            continue
        # A row too many is somebody else's: with a number of ours it would be a second row of the same order.
        row = "" if wanted.kind == "extra_row" else number
        await stage.world.control.plant(
            provider_of(one.channel), day=day, kind=wanted.kind, out_trade_no=row, add_fen=wanted.add_fen
        )
        stage.history.fact("planted", order=one.order_no, difference=wanted.kind, number=number)


async def reconcile(stage: Stage, step: Step) -> None:
    wanted = step.reconcile
    assert wanted is not None
    day = await _day(stage, days_ago=wanted.days_ago)
    for channel in dict.fromkeys(one.channel for one in stage.opened):
        of_channel = [one for one in stage.opened if one.channel == channel]
        for one in of_channel:
            for mark in _marks(stage, one, day=day, over=wanted.days_ago > 0):
                stage.mark(mark, one)
        asked = [stage.history.invoke("reconcile", order=one.order_no, channel=channel, day=day) for one in of_channel]
        reply = await compared(stage.world, channel, day=day)
        stage.history.fact("compare", what=channel, day=day, found=_words(reply.value))
        for invocation in asked:
            stage.end(invocation, reply, told=_told(reply.value))


def _marks(stage: Stage, one: Opened, *, day: str, over: bool) -> Iterator[str]:
    """
    What the comparison is going to be, for this payment.
    """
    lines = [line for line in stage.history if line.order == one.order_no]
    kinds = {line.kind for line in lines}
    if not over:
        yield "day-not-over"
    elif any(line.kind == "reconcile" and line.value.get("day") == day for line in lines):
        yield "compared-again"
    if stage.undisturbed:
        yield "day-with-refunds" if "refund" in kinds else "quiet-day"
    looks = [line.value["status"] for line in lines if line.kind == "get" and "status" in line.value]
    if "pay" in kinds and looks and looks[-1] not in PAID_STATUSES:
        yield "never-heard-of"


def _words(value: Reconciled | None) -> str:
    if value is None or not value.done:
        return "not compared"
    return f"{len(value.discrepancies)} differences"


def _told(value: Reconciled | None) -> dict[str, Any]:
    if value is None:
        return {}
    return {"done": value.done, "discrepancies": [asdict(one) for one in value.discrepancies]}


async def _day(stage: Stage, *, days_ago: int) -> str:
    now = (await stage.world.control.clock()).schedule_at or stage.world.clock.now()
    return (now.astimezone(BEIJING).date() - timedelta(days=days_ago)).isoformat()
