"""
Reads all three sides after a run and hands them to the audit, writing each as a fact into the history.

It asks and copies; it refuses to judge. The book and the ledger are streamed, so that a run of any length can be
audited.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta

from harness.audit import Auditor, AuditReport, EvidenceOf, Witness, no_evidence
from harness.control import Counts, SimulatorControl
from harness.errors import HarnessError
from harness.facts import Witnesses, acked, record_notify, record_payment, record_trade, record_webhook
from harness.history import History
from harness.model import PAID_STATUSES
from harness.sut.contract import Ability, GatewayContract, LedgerEntry, Outcome, Payment
from harness.sut.sink import MerchantSink
from harness.world.base import World

LOOKERS = 16
# A gateway that is behind is looked at again after this long, then after twice as long, and so on.
FIRST_LOOK_S = 0.1
FORGED = "forged"
LookedAt = tuple[Payment, Sequence[LedgerEntry] | None]


async def audit_world(
    *,
    control: SimulatorControl,
    gateway: GatewayContract,
    sink: MerchantSink | None,
    ours: Callable[[str], bool],
    history: History | None = None,
    seed: int | None = None,
    replay: str = "",
) -> AuditReport:
    """
    The audit of whatever happened since the book began.

    With a *history*, each side is written into it first, and findings point at their lines; without one (a load run),
    nothing is kept but the numbers.
    """
    evidence: EvidenceOf = no_evidence
    orders: dict[str, str] = {}
    if history is None:
        ledger = _looked_at(gateway, ours=ours)
    else:
        told = [row async for row in _looked_at(gateway, ours=ours) if ours(row[0].merchant_order_no)]
        orders = {payment.out_trade_no: payment.merchant_order_no for payment, _ in told}
        await _tell(history, control=control, sink=sink, orders=orders)
        for payment, entries in told:
            record_payment(history, payment, entries=entries)
        evidence = Witnesses(history)
        ledger = _again(told)
    auditor = Auditor(ours=ours, evidence_of=evidence, seed=seed, replay=replay)
    async for trade in control.trades():
        auditor.add_trade(trade)
    for event in sink.events if sink is not None else ():
        auditor.add_webhook(event)
    async for delivery in control.notifies():
        if delivery.kind == FORGED and acked(delivery):
            auditor.add_forged_ack(orders.get(delivery.out_trade_no, delivery.label or delivery.out_trade_no))
    async for payment, entries in ledger:
        auditor.add_payment(payment, entries=entries)
    return auditor.report(witness_of(await control.counts(), gateway=gateway, heard=sink is not None))


async def settle_world(world: World, *, patience_s: float) -> bool:
    """
    Let the dust settle, and wait for what the gateway has still to find out by itself.

    A gateway that was told nothing may ask the provider in its own time, and a correct one does. So a payment that the
    book calls paid and the gateway does not is waited for as long as patience lasts; then the audit may call it lost.

    Returns:
        False when patience ran out first.
    """
    deadline = world.clock.now() + timedelta(seconds=patience_s)
    look_s = FIRST_LOOK_S
    while True:
        left_s = (deadline - world.clock.now()).total_seconds()
        if left_s <= 0 or not await world.settle(patience_s=left_s):
            return False
        if not await _behind(world):
            return True
        await world.clock.sleep(min(look_s, left_s))
        look_s *= 2


async def _behind(world: World) -> bool:
    """
    Whether the book has a payment or a refund that the gateway has not heard of.
    """
    book = {trade.out_trade_no: trade async for trade in world.control.trades() if trade.paid_fen}
    if not book:
        return False
    async for payment in world.gateway.export():
        trade = book.pop(payment.out_trade_no, None)
        told = payment.status in PAID_STATUSES or payment.refunded_fen > 0
        if trade is not None and (not told or payment.refunded_fen < trade.refunded_fen):
            return True
    # What is left belongs to no payment of this gateway: waiting would not bring it one.
    return False


def witness_of(counts: Counts, *, gateway: GatewayContract, heard: bool) -> Witness:
    """
    What a run must have shown, for its audit to mean anything.
    """
    return Witness(
        notifies_delivered=counts.notifies_delivered,
        notifies_acked=counts.notifies_acked,
        webhooks_promised=heard and Ability.WEBHOOKS in gateway.abilities,
    )


async def _tell(
    history: History, *, control: SimulatorControl, sink: MerchantSink | None, orders: Mapping[str, str]
) -> None:
    async for delivery in control.notifies():
        record_notify(history, delivery, order=orders.get(delivery.out_trade_no, delivery.label))
    for event in sink.events if sink is not None else ():
        record_webhook(history, event)
    async for trade in control.trades():
        record_trade(history, trade, order=orders.get(trade.out_trade_no, trade.label))


async def _again(rows: Sequence[LookedAt]) -> AsyncIterator[LookedAt]:
    for row in rows:
        yield row


async def _looked_at(gateway: GatewayContract, *, ours: Callable[[str], bool]) -> AsyncIterator[LookedAt]:
    """
    Every payment with its ledger legs; the legs of a few are asked for at a time.
    """
    looks = Ability.LEDGER in gateway.abilities
    waiting: list[Payment] = []
    async for payment in gateway.export():
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
            raise HarnessError(
                f"the ledger of {order} cannot be read: {reply.outcome} {reply.code} {reply.detail}",
                hint="the audit needs the gateway alive; start it and run `payproof audit`",
            )
    return [(payment, reply.value) for payment, reply in zip(payments, replies, strict=True)]
