"""
Plays a scenario in a world: step after step, everything recorded, then judged.

It speaks to the World port alone. It never assumes an outcome: an answer that did not come stands in the history as
unknown, and the books decide.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from harness.control import BuyerAction, Trade
from harness.errors import ControlError
from harness.events import Announce, StepStarted
from harness.gather import settle_world
from harness.history import History
from harness.script.loader import profile_document
from harness.script.schema import Amounts, Notifies, Pay, Refund, Scenario, Step, seconds
from harness.sut.contract import NewPayment, Outcome, Payment, Reply
from harness.world.base import Move, World

FINAL_PATIENCE_S = 30.0
TRADE_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)

MOVES_OF_VERBS = {"kill": Move.KILL_GATEWAY, "restart": Move.RESTART_GATEWAY, "advance": Move.ADVANCE}


@dataclass(slots=True)
class Opened:
    """One payment of the story, as far as it is known."""

    label: str
    order_no: str
    payment: Payment | None = None
    refused: bool = False
    refunds: int = 0


@dataclass(slots=True)
class Stage:
    """What the steps of one story share."""

    scenario: Scenario
    world: World
    history: History
    opened: list[Opened] = field(default_factory=list)
    settled: bool = True

    def chosen(self, glob: str) -> list[Opened]:
        return [one for one in self.opened if fnmatchcase(one.label, glob) or fnmatchcase(one.order_no, glob)]

    async def each(self, chosen: Iterable[Opened], do: Callable[[Opened], Awaitable[None]]) -> None:
        """
        Do it for each of them, as many at a time as the load says.
        """
        gate = asyncio.Semaphore(self.scenario.load.concurrency)

        async def one(payment: Opened) -> None:
            async with gate:
                await do(payment)

        async with asyncio.TaskGroup() as group:
            for payment in chosen:
                group.create_task(one(payment))


def missing_move(scenario: Scenario, world: World) -> Move | None:
    """
    A move that the scenario needs and this world cannot make; the scenario is NOT_RUN then.
    """
    needed = [MOVES_OF_VERBS[step.verb] for step in scenario.steps if step.verb in MOVES_OF_VERBS]
    return next((move for move in needed if move not in world.moves), None)


async def play(scenario: Scenario, world: World, *, history: History, announce: Announce) -> Stage:
    """
    Tell the whole story; the history then holds what happened, and the dust has settled as far as patience reached.
    """
    stage = Stage(scenario=scenario, world=world, history=history)
    if scenario.profile is not None:
        await world.control.put_profile(profile_document(scenario.profile))
    else:
        await world.control.put_faults([rule.to_json() for rule in scenario.faults])
    for number, step in enumerate(scenario.steps, start=1):
        announce(StepStarted(number=number, total=len(scenario.steps), text=step.text))
        await VERBS[step.verb](stage, step)
    if scenario.steps[-1].verb != "settle":
        stage.settled = await settle_world(world, patience_s=FINAL_PATIENCE_S)
    return stage


async def _open(stage: Stage, step: Step) -> None:
    assert step.open is not None
    load, ids = stage.scenario.load, stage.world.ids
    wanted = step.open.payments if step.open.payments is not None else load.payments - len(stage.opened)
    fresh = []
    for _ in range(max(wanted, 0)):
        label = ids.next_label()
        fresh.append(Opened(label=label, order_no=ids.order_no(label)))
    stage.opened += fresh

    async def create(one: Opened) -> None:
        amount = load.amount_fen
        amount_fen = ids.draw(amount.low, amount.high, "amount", one.label) if isinstance(amount, Amounts) else amount
        asked = stage.history.invoke(
            "create", order=one.order_no, channel=stage.scenario.channel, amount_fen=amount_fen
        )
        reply = await stage.world.gateway.create(
            NewPayment(
                merchant_order_no=one.order_no,
                amount_fen=amount_fen,
                subject=f"tip {one.label}",
                channel=stage.scenario.channel,
                product=stage.scenario.product,
            )
        )
        one.payment = reply.value
        one.refused = reply.outcome is Outcome.REFUSED
        _end(stage.history, asked, reply, told=_payment_told(reply.value))

    await stage.each(fresh, create)


def _end(history: History, asked: int, reply: Reply[Any], *, told: dict[str, Any]) -> None:
    """
    Write the end of a question as what it is.
    """
    match reply.outcome:
        case Outcome.OK:
            history.ok(asked, attempts=reply.attempts, **told)
        case Outcome.REFUSED:
            history.fail(asked, status_code=reply.status, code=reply.code, detail=reply.detail)
        case Outcome.UNKNOWN:
            history.unknown(asked, status_code=reply.status, attempts=reply.attempts, detail=reply.detail)


def _payment_told(payment: Payment | None) -> dict[str, Any]:
    if payment is None:
        return {}
    return {
        "payment_id": payment.id,
        "status": payment.status,
        "refund_status": payment.refund_status,
        "refunded_fen": payment.refunded_fen,
    }


async def _buyers(stage: Stage, *, glob: str, action: BuyerAction) -> None:
    """
    The buyers act on what stands in the provider's book, whether or not the gateway's answer ever came.
    """
    control, history = stage.world.control, stage.history
    chosen = stage.chosen(glob)
    trades = await _trades_of(stage, chosen)

    async def act(one: Opened) -> None:
        asked = history.invoke(action.value, order=one.order_no)
        trade = trades.get(one.label)
        if trade is None:
            history.fail(asked, code="no_trade")
            return
        try:
            done = await control.buyer(trade.provider, trade.out_trade_no, action=action)
        except ControlError as error:
            history.fail(asked, code=error.code, status_code=error.status)
        else:
            history.ok(asked, state=done.state, paid_fen=done.paid_fen)

    await stage.each(chosen, act)


async def _trades_of(stage: Stage, chosen: Sequence[Opened]) -> dict[str, Trade]:
    """
    The trades of these payments, by label. A payment that was accepted before the channel had answered is opened
    there a little later, so the book is read again while one is missing.
    """
    expected = {one.label for one in chosen if not one.refused}
    for wait_s in (*TRADE_WAITS_S, None):
        trades = {trade.label: trade async for trade in stage.world.control.trades()}
        if wait_s is None or expected <= trades.keys():
            break
        await stage.world.clock.sleep(wait_s)
    return trades


async def _pay(stage: Stage, step: Step) -> None:
    assert isinstance(step.pay, Pay)
    await _buyers(stage, glob=step.pay.order, action=BuyerAction.PAY)


async def _cancel(stage: Stage, step: Step) -> None:
    assert step.cancel is not None
    await _buyers(stage, glob=step.cancel.order, action=BuyerAction.CANCEL)


async def _refund(stage: Stage, step: Step) -> None:
    refund = step.refund
    assert refund is not None

    async def ask(one: Opened) -> None:
        if one.payment is None:
            return
        one.refunds += 1
        numbers = []
        for _ in range(refund.times):
            numbers.append(stage.world.ids.refund_no(one.label, one.refunds))
            one.refunds += not refund.same_number
        questions = [_ask_refund(stage, one, one.payment, refund_no=number, refund=refund) for number in numbers]
        if refund.concurrent:
            await asyncio.gather(*questions)
        else:
            for question in questions:
                await question

    await stage.each(stage.chosen(refund.order), ask)


async def _ask_refund(stage: Stage, one: Opened, payment: Payment, *, refund_no: str, refund: Refund) -> None:
    amount_fen = payment.amount_fen if refund.amount_fen == "all" else refund.amount_fen
    asked = stage.history.invoke("refund", order=one.order_no, refund_no=refund_no, amount_fen=amount_fen)
    reply = await stage.world.gateway.refund(payment.id, merchant_refund_no=refund_no, amount_fen=amount_fen)
    told = {} if reply.value is None else {"refund_id": reply.value.id, "refund_state": reply.value.status}
    _end(stage.history, asked, reply, told=told)


async def _sync(stage: Stage, step: Step) -> None:
    assert step.sync is not None
    await _read(stage, glob=step.sync.order, kind="sync", read=stage.world.gateway.sync)


async def _look(stage: Stage, step: Step) -> None:
    assert step.look is not None
    await _read(stage, glob=step.look.order, kind="get", read=stage.world.gateway.get)


async def _read(stage: Stage, *, glob: str, kind: str, read: Callable[[str], Awaitable[Reply[Payment]]]) -> None:
    async def ask(one: Opened) -> None:
        if one.payment is None:
            return
        asked = stage.history.invoke(kind, order=one.order_no)
        reply = await read(one.payment.id)
        _end(stage.history, asked, reply, told=_payment_told(reply.value))

    await stage.each(stage.chosen(glob), ask)


async def _notifies(stage: Stage, step: Step) -> None:
    wanted = step.notifies
    assert isinstance(wanted, Notifies)
    control = stage.world.control
    do = {"deliver": control.deliver, "drop": control.drop, "hold": control.hold}[wanted.do]
    labels = {one.label for one in stage.chosen(wanted.order)}
    pending = [notify.id async for notify in control.notifies(state="pending") if notify.label in labels]
    for notify in pending:
        try:
            await do(notify)
        except ControlError as error:
            # It left by itself between the list and our hand; anything else is a mistake.
            if error.code != "not_pending":
                raise
    stage.history.fact("notifies_by_hand", what=wanted.do, count=len(pending))


async def _advance(stage: Stage, step: Step) -> None:
    assert step.advance is not None
    span_s = seconds(step.advance.by)
    await stage.world.advance(span_s)
    stage.history.fact("advance", seconds=span_s)


async def _faults(stage: Stage, step: Step) -> None:
    assert step.faults is not None
    await stage.world.control.put_faults([rule.to_json() for rule in step.faults])
    stage.history.fact("faults", rules=[rule.id for rule in step.faults])


async def _kill(stage: Stage, step: Step) -> None:
    assert step.kill is not None
    await stage.world.kill_gateway()
    stage.history.fact("kill", what=step.kill.what)


async def _restart(stage: Stage, step: Step) -> None:
    assert step.restart is not None
    await stage.world.restart_gateway()
    stage.history.fact("restart", what=step.restart.what)


async def _refuse_webhooks(stage: Stage, step: Step) -> None:
    assert step.refuse_webhooks is not None
    stage.world.sink.refuse_next(step.refuse_webhooks.count)


async def _settle(stage: Stage, step: Step) -> None:
    assert step.settle is not None
    stage.settled = await settle_world(stage.world, patience_s=seconds(step.settle.patience))
    stage.history.fact("settle", settled=stage.settled)


VERBS: dict[str, Callable[[Stage, Step], Awaitable[None]]] = {
    "open": _open,
    "pay": _pay,
    "cancel": _cancel,
    "refund": _refund,
    "sync": _sync,
    "look": _look,
    "notifies": _notifies,
    "advance": _advance,
    "faults": _faults,
    "kill": _kill,
    "restart": _restart,
    "refuse_webhooks": _refuse_webhooks,
    "settle": _settle,
}
