"""
The verbs of merchants, buyers and messages: open, pay, cancel, refund, sync, look, notifies, refuse_webhooks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from harness.channels import provider_of
from harness.control import BuyerAction, NotifyDelivery, SimulatorControl, Trade
from harness.errors import ControlError, SimulatorError
from harness.script.stage import Opened, Stage, payment_told
from harness.script.verbs import Notifies, Step
from harness.sut.contract import Ability, Payment, Reply

TRADE_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
WAITING = frozenset({"deliver", "drop", "hold", "release"})


async def open_payments(stage: Stage, step: Step) -> None:
    assert step.open is not None
    wanted = step.open
    if wanted.again is not None:
        chosen = stage.chosen(wanted.again)
    else:
        count = stage.scenario.load.count - len(stage.opened) if wanted.payments is None else wanted.payments
        chosen = stage.fresh(max(count, 0))

    async def create(one: Opened) -> None:
        if wanted.times > 1:
            stage.mark("clicks-at-once", one)
        await asyncio.gather(*(stage.create(one) for _ in range(wanted.times)))

    await stage.each(chosen, create)


async def pay(stage: Stage, step: Step) -> None:
    assert step.pay is not None
    await _buyers(stage, glob=step.pay.order, action=BuyerAction(step.pay.how))


async def cancel(stage: Stage, step: Step) -> None:
    assert step.cancel is not None
    await _buyers(stage, glob=step.cancel.order, action=BuyerAction.CANCEL)


async def _buyers(stage: Stage, *, glob: str, action: BuyerAction) -> None:
    """
    The buyers act on what stands in the provider's book, whether or not the gateway's answer ever came.
    """
    chosen = stage.chosen(glob)
    trades = await _trades_of(stage, chosen)

    async def act(one: Opened) -> None:
        trade = trades.get(one.label)
        await act_at(stage, one, action=action, number=None if trade is None else trade.out_trade_no)

    await stage.each(chosen, act)


async def act_at(stage: Stage, one: Opened, *, action: BuyerAction, number: str | None) -> None:
    """
    One buyer acts at the cashier of the trade with that number.
    """
    asked = stage.history.invoke(action.value, order=one.order_no)
    if number is None:
        stage.history.fail(asked, code="no_trade")
        return
    try:
        done = await stage.world.control.buyer(provider_of(one.channel), number, action=action)
    except ControlError as error:
        stage.history.fail(asked, code=error.code, status_code=error.status)
    except SimulatorError as error:
        stage.history.unknown(asked, detail=str(error))
    else:
        stage.history.ok(asked, state=done.state, paid_fen=done.paid_fen)
        if action is BuyerAction.PAY:
            stage.note_paid()


async def _trades_of(stage: Stage, chosen: Sequence[Opened]) -> dict[str, Trade]:
    """
    The trades of these payments, by label. A payment that was accepted before the channel had answered is opened
    there a little later, so the book is read again while one is missing.
    """
    expected = {one.label for one in chosen if not one.refused}
    trades: dict[str, Trade] = {}
    for wait_s in (*TRADE_WAITS_S, None):
        try:
            trades = {trade.label: trade async for trade in stage.world.control.trades()}
        except ControlError:
            raise
        except SimulatorError:
            if wait_s is None:
                raise
        if wait_s is None or expected <= trades.keys():
            break
        await stage.world.clock.sleep(wait_s)
    return trades


async def trade_number(stage: Stage, one: Opened) -> str | None:
    """
    The number by which the provider knows the payment; None when it was not opened there in a while.
    """
    if one.refused:
        return None
    found = (await _trades_of(stage, [one])).get(one.label)
    return None if found is None else found.out_trade_no


async def refund(stage: Stage, step: Step) -> None:
    wanted = step.refund
    assert wanted is not None

    async def ask(one: Opened) -> None:
        payment = one.payment
        if payment is None:
            return
        one.refunds += 1
        numbers = []
        for _ in range(wanted.times):
            numbers.append(stage.world.ids.refund_no(one.label, one.refunds))
            one.refunds += not wanted.same_number
        amount_fen = payment.amount_fen if wanted.amount_fen == "all" else wanted.amount_fen
        questions = [stage.ask_refund(one, payment, refund_no=number, amount_fen=amount_fen) for number in numbers]
        if wanted.concurrent:
            if wanted.times > 1:
                stage.mark("one-refund-at-once" if wanted.same_number else "refunds-at-once", one)
            await asyncio.gather(*questions)
        else:
            for question in questions:
                await question

    await stage.each(stage.chosen(wanted.order), ask)


async def close(stage: Stage, step: Step) -> None:
    wanted = step.close
    assert wanted is not None

    async def end(one: Opened) -> None:
        if one.payment is None:
            return
        asked = stage.history.invoke("close", order=one.order_no)
        reply = await stage.world.gateway.close_payment(one.payment.id)
        stage.end(asked, reply, told=payment_told(reply.value))

    async def race(one: Opened) -> None:
        number = await trade_number(stage, one)
        stage.mark("paid-while-closing", one)
        await asyncio.gather(end(one), act_at(stage, one, action=BuyerAction.PAY, number=number))

    await stage.each(stage.chosen(wanted.order), race if wanted.racing_pay else end)


async def sync(stage: Stage, step: Step) -> None:
    assert step.sync is not None
    if Ability.SYNC not in stage.world.gateway.abilities:
        return
    await _read(stage, glob=step.sync.order, kind="sync", read=stage.world.gateway.sync)


async def look(stage: Stage, step: Step) -> None:
    assert step.look is not None
    await _read(stage, glob=step.look.order, kind="get", read=stage.world.gateway.get)


async def _read(stage: Stage, *, glob: str, kind: str, read: Callable[[str], Awaitable[Reply[Payment]]]) -> None:
    async def ask(one: Opened) -> None:
        if one.payment is None:
            return
        asked = stage.history.invoke(kind, order=one.order_no)
        reply = await read(one.payment.id)
        stage.end(asked, reply, told=payment_told(reply.value))

    await stage.each(stage.chosen(glob), ask)


async def notifies(stage: Stage, step: Step) -> None:
    wanted = step.notifies
    assert wanted is not None
    control = stage.world.control
    labels = {one.label for one in stage.chosen(wanted.order)}
    if wanted.do in WAITING:
        count = await _in_hand(control, wanted, labels)
    else:
        count = await _once_more(control, wanted, labels)
    stage.history.fact("notifies_by_hand", what=wanted.do, count=count)


async def _in_hand(control: SimulatorControl, wanted: Notifies, labels: set[str]) -> int:
    do = {"deliver": control.deliver, "drop": control.drop, "hold": control.hold, "release": control.release}
    pending = [notify.id async for notify in control.notifies(state="pending") if notify.label in labels]
    for notify in pending:
        try:
            await do[wanted.do](notify)
        except ControlError as error:
            # It left by itself between the list and our hand; anything else is a mistake.
            if error.code != "not_pending":
                raise
    return len(pending)


async def _once_more(control: SimulatorControl, wanted: Notifies, labels: set[str]) -> int:
    """
    A copy of the first true notify of each payment, however that one fared.
    """
    first: dict[str, NotifyDelivery] = {}
    async for notify in control.notifies():
        if notify.label in labels and notify.kind == "true":
            first.setdefault(notify.label, notify)
    for notify in first.values():
        for _ in range(wanted.times):
            match wanted.do:
                case "forge":
                    await control.forge(notify.id)
                case "tamper":
                    await control.tamper(notify.id, add_fen=wanted.add_fen)
                case _:
                    await control.copy(notify.id)
    return len(first) * wanted.times


async def refuse_webhooks(stage: Stage, step: Step) -> None:
    assert step.refuse_webhooks is not None
    stage.world.sink.refuse_next(step.refuse_webhooks.count)
