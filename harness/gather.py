"""
Reads all three sides after a run and hands them to the audit, writing each as a fact into the history.

It asks and copies; it refuses to judge. The book and the ledger are streamed, so that a run of any length can be
audited.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from harness.audit import Auditor, AuditReport, EvidenceOf, Witness, no_evidence
from harness.checks.story import stories
from harness.checks.unheard import unheard
from harness.clock import SystemClock
from harness.control import Counts, Exchange, SimulatorControl, Trade
from harness.day_after import comparable, compare
from harness.errors import GatewaySilentError
from harness.facts import Witnesses, acked, record_call, record_notify, record_payment, record_trade, record_webhook
from harness.history import History, Operation
from harness.ids import label_of
from harness.model import PAID_STATUSES
from harness.sut.contract import Ability, GatewayContract, LedgerEntry, Ours, Outcome, Payment, every_order
from harness.sut.sink import WebhookEvent
from harness.wire import named_in
from harness.world.base import World

LOOKERS = 16
# A gateway that is behind is looked at again after this long, then after twice as long, and so on.
FIRST_LOOK_S = 0.1
# A probe is a forgery of the platform's own making.
FORGED = frozenset({"forged", "probe"})
LookedAt = tuple[Payment, Sequence[LedgerEntry] | None]


def passed_over(row: object) -> None:
    del row


class Ear(Protocol):
    """Whoever heard what the platform was told."""

    @property
    def events(self) -> Sequence[WebhookEvent]: ...


class Sides(Protocol):
    """The three sides of an audit; every world has them, and so has a sandbox that somebody else started."""

    @property
    def control(self) -> SimulatorControl: ...

    @property
    def gateway(self) -> GatewayContract: ...

    @property
    def sink(self) -> Ear: ...


async def audit_world(  # noqa: PLR0913 - each says what to make of the same three sides
    world: Sides,
    *,
    ours: Callable[[str], bool],
    about: Callable[[str], bool] = lambda _label: True,
    history: History | None = None,
    seed: int | None = None,
    replay: str = "",
    doubts: Sequence[str] = (),
    on_trade: Callable[[Trade], None] = passed_over,
    on_payment: Callable[[Payment], None] = passed_over,
    legs: bool = True,
    earlier: frozenset[int] | None = None,
) -> AuditReport:
    """
    The audit of whatever happened since the book began, in one look; `harness.looks` is for sides that may still move.

    With a *history*, each side is written into it first, and findings point at their lines; without one (a load run),
    nothing is kept but the numbers. Of a gateway that does not answer nothing is known, so its audit is UNKNOWN unless
    what it did before convicts it.

    Args:
        about: which payment labels the history is to tell of; all of the book by default.
        doubts: why a clean audit would mean nothing.
        on_trade, on_payment: shown each row as it passes by.
        legs: whether the ledger's legs are asked for, payment by payment; of many, the postings in the export must do.
        earlier: what an earlier look accused of.
    """
    control, gateway, sink = world.control, world.gateway, world.sink
    evidence: EvidenceOf = no_evidence
    orders: dict[str, str] = {}
    silences: list[str] = []
    ledger = _while_it_speaks(_looked_at(gateway, ours=ours, legs=legs), silences)
    if history is not None:
        told = [row async for row in ledger if ours(row[0].merchant_order_no)]
        orders = {payment.out_trade_no: payment.merchant_order_no for payment, _ in told}
        await _tell(history, control=control, sink=sink, orders=orders, about=about, silent=bool(silences))
        tells, tells_refunds = Ability.WEBHOOKS in gateway.abilities, Ability.REFUND_WEBHOOKS in gateway.abilities
        for payment, entries in told:
            record_payment(history, payment, entries=entries, tells=tells, tells_refunds=tells_refunds)
        evidence = Witnesses(history)
        ledger = _again(told)
    auditor = Auditor(
        ours=ours,
        evidence_of=evidence,
        seed=seed,
        replay=replay,
        tells_refunds=Ability.REFUND_WEBHOOKS in gateway.abilities,
        earlier=earlier,
    )
    late: list[Trade] = []
    async for trade in control.trades():
        auditor.add_trade(trade)
        on_trade(trade)
        late += [trade] if trade.late_after and trade.refunded_fen < trade.paid_fen else []
    if late:
        auditor.add_unheard(await _unheard(world, late, ()) if history is None else _unheard_in(history))
    for event in sink.events:
        auditor.add_webhook(event)
    async for delivery in control.notifies():
        if delivery.kind in FORGED and acked(delivery):
            auditor.add_forged_ack(orders.get(delivery.out_trade_no, delivery.label or delivery.out_trade_no))
    async for payment, entries in ledger:
        auditor.add_payment(payment, entries=entries)
        on_payment(payment)
    seen = witness_of(await control.counts(), gateway=gateway)
    return auditor.report(replace(seen, doubts=(*doubts, *silences), ledger_read=not silences))


async def settle_world(
    world: World, *, patience_s: float, ours: Ours = every_order, history: History | None = None
) -> bool:
    """
    Let the dust settle, and wait for what the gateway has still to find out by itself.

    A gateway that was told nothing may ask the provider in its own time, and a correct one does. So a payment that the
    book calls paid and the gateway does not is waited for as long as patience lasts; then the audit may call it lost.

    What nobody told it of and it had no reason to ask for is not waited for: such money stands in the bill of its day,
    so where days can pass the gateway is shown that bill, and has its say.

    Args:
        ours: the orders that are waited for.
        history: where a comparison of bills is written down.

    Returns:
        False when patience ran out first.
    """
    deadline = world.clock.now() + timedelta(seconds=patience_s)
    look_s, left_s = FIRST_LOOK_S, patience_s
    shown = not comparable(world)
    while left_s > 0 and await world.settle(patience_s=left_s):
        try:
            behind = await _behind(world, ours)
            beyond = await _beyond(world, behind)
            if beyond and (shown or not behind):
                return True
            if beyond:
                shown = True
                deadline += await compare(world, behind, history=history)
                left_s = (deadline - world.clock.now()).total_seconds()
                continue
        except GatewaySilentError:
            pass  # it died after it had come to rest; it may come back
        await world.clock.sleep(min(look_s, left_s))
        look_s *= 2
        left_s = (deadline - world.clock.now()).total_seconds()
    return False


async def _beyond(world: Sides, behind: Sequence[tuple[Trade, Payment]]) -> bool:
    """
    Whether the gateway could know of none of these.
    """
    if not behind:
        return True
    if not all(trade.late_after for trade, _ in behind):
        return False
    found = await _unheard(world, [trade for trade, _ in behind], [payment for _, payment in behind])
    return all(trade.out_trade_no in found for trade, _ in behind)


async def _unheard(world: Sides, late: Sequence[Trade], payments: Sequence[Payment]) -> dict[str, str]:
    """
    Which of these trades, paid after they had been closed, the gateway could not know of, and why.
    """
    labels = {trade.label for trade in late}
    scratch = History(SystemClock())
    orders = {payment.out_trade_no: payment.merchant_order_no for payment in payments}
    control, sink = world.control, world.sink
    await _tell(scratch, control=control, sink=sink, orders=orders, about=labels.__contains__, silent=False)
    for payment in payments:
        record_payment(scratch, payment, entries=None)
    return _unheard_in(scratch)


def _unheard_in(operations: Sequence[Operation]) -> dict[str, str]:
    return {number: why for story in stories(operations).values() for number, why in unheard(story).items()}


async def _behind(world: World, ours: Ours) -> list[tuple[Trade, Payment]]:
    """
    What stands in the book and the gateway has not heard of; all of it where each may be beyond its knowing.
    """
    book = {trade.out_trade_no: trade async for trade in world.control.trades() if trade.paid_fen}
    found: list[tuple[Trade, Payment]] = []
    if not book:
        return found
    same: dict[str, list[Trade]] = defaultdict(list)
    for trade in book.values():
        same[trade.label or trade.out_trade_no].append(trade)
    async for payment in world.gateway.export(ours=ours):
        told_of = book.pop(payment.out_trade_no, None)
        if told_of is None:
            continue
        back_fen = given_back_fen(payment, same[told_of.label or told_of.out_trade_no])
        gone_fen = back_fen if payment.refunded_fen is None else payment.refunded_fen
        told = payment.status in PAID_STATUSES or bool(gone_fen)
        if not told or gone_fen < back_fen:
            found.append((told_of, payment))
            if not told_of.late_after:
                break  # it has to be waited for, whatever the others are
    # What is left belongs to no payment of this gateway: waiting would not bring it one.
    return found


def given_back_fen(payment: Payment, trades: Sequence[Trade]) -> int:
    """
    What went back of the order's own money: of one that was paid twice, the second payment is not a part of it.
    """
    twice_fen = max(0, sum(trade.paid_fen for trade in trades) - payment.amount_fen)
    return max(0, sum(trade.refunded_fen for trade in trades) - twice_fen)


def witness_of(counts: Counts, *, gateway: GatewayContract) -> Witness:
    """
    What a run must have shown, for its audit to mean anything.
    """
    return Witness(
        notifies_delivered=counts.notifies_delivered,
        notifies_acked=counts.notifies_acked,
        webhooks_promised=Ability.WEBHOOKS in gateway.abilities,
    )


async def _tell(
    history: History,
    *,
    control: SimulatorControl,
    sink: Ear,
    orders: Mapping[str, str],
    about: Callable[[str], bool],
    silent: bool,
) -> None:
    """
    Write what the provider and the platform saw; of orders that the gateway does not know by their labels.

    Args:
        silent: the gateway fell silent, so that a trade which it did not tell of is no sign that it does not know it.
    """
    # An order that the gateway has lost is still one that somebody has asked for.
    asked = (line.order for line in history if line.order)
    by_label = {label: order for order in (*asked, *orders.values()) if (label := label_of(order)) is not None}

    def order_of(number: str, label: str) -> str:
        return orders.get(number) or by_label.get(label) or label

    async for delivery in control.notifies():
        if delivery.out_trade_no in orders or about(delivery.label):
            record_notify(history, delivery, order=order_of(delivery.out_trade_no, delivery.label))
    for event in sink.events:
        if about(label_of(event.merchant_order_no) or ""):
            record_webhook(history, event)
    async for trade in control.trades():
        if trade.out_trade_no in orders or (about(trade.label) and not silent):
            record_trade(history, trade, order=order_of(trade.out_trade_no, trade.label))
    async for exchange in control.journal(direction="in"):
        number = _number_of(exchange, orders)
        if number in orders or about(exchange.label):
            record_call(history, exchange, order=order_of(number, exchange.label))


def _number_of(exchange: Exchange, numbers: Iterable[str]) -> str:
    """
    What a provider refuses at the door it does not read; whose call it was stands in it all the same.
    """
    refused = exchange.signature_ok is False and not exchange.order
    return named_in(exchange, numbers) if refused else exchange.order


async def _while_it_speaks(rows: AsyncIterator[LookedAt], silences: list[str]) -> AsyncIterator[LookedAt]:
    """
    The rows up to where the gateway fell silent, if it did.
    """
    try:
        async for row in rows:
            yield row
    except GatewaySilentError as silence:
        silences.append(f"the gateway does not answer, so its books are not known: {silence}")


async def _again(rows: Sequence[LookedAt]) -> AsyncIterator[LookedAt]:
    for row in rows:
        yield row


async def _looked_at(gateway: GatewayContract, *, ours: Callable[[str], bool], legs: bool) -> AsyncIterator[LookedAt]:
    """
    Every payment with its ledger legs; the legs of a few are asked for at a time.
    """
    looks = legs and Ability.LEDGER in gateway.abilities
    waiting: list[Payment] = []
    async for payment in gateway.export(ours=ours):
        if not looks or not ours(payment.merchant_order_no) or not (payment.credits or payment.debits):
            yield payment, None
            continue
        waiting.append(payment)
        if len(waiting) == LOOKERS:
            for pair in await _legs(gateway, waiting):
                yield pair
            waiting.clear()
    for pair in await _legs(gateway, waiting):
        yield pair


async def _legs(gateway: GatewayContract, payments: Sequence[Payment]) -> list[LookedAt]:
    replies = await asyncio.gather(*(gateway.ledger(payment.id) for payment in payments))
    for payment, reply in zip(payments, replies, strict=True):
        if reply.outcome is not Outcome.OK:
            order = payment.merchant_order_no
            raise GatewaySilentError(
                f"the ledger of {order} ended with {reply.outcome} {reply.status or ''} {reply.code}{reply.detail}"
            )
    return [(payment, reply.value) for payment, reply in zip(payments, replies, strict=True)]
