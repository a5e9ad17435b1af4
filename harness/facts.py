"""
What the world shows, written into the history as facts: the book, the ledger, notifies, webhooks.

One place decides which words a fact is told in, so that the checks, which read them, and the runs, which write them,
cannot part. It refuses to judge.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from harness.control import Exchange, NotifyDelivery, Trade
from harness.history import History, Operation, Phase
from harness.sut.contract import LedgerEntry, Payment
from harness.sut.sink import WebhookEvent
from harness.wire import refund_number_of, verb_of

# Which facts show that a rule was broken, and how many of the last of each are needed; the buyer's paying comes first.
SHOWN_BY: Mapping[str, tuple[tuple[str, int], ...]] = {
    "idempotency/credited-once": (("pay", 1), ("notify", 2), ("ledger", 1)),
    "notify/nothing-lost": (("pay", 1), ("notify", 1), ("ledger", 1)),
    "signature/forged-never-acked": (("notify", 1),),
    "notify/platform-told-once": (("pay", 1), ("webhook", 2)),
    "notify/platform-told-amount": (("pay", 1), ("webhook", 1)),
    "refund/books-agree": (("refund", 1), ("book", 1), ("ledger", 1)),
}
SHOWN_BY_DEFAULT = (("pay", 1), ("notify", 1), ("book", 1), ("ledger", 1))


def acked(delivery: NotifyDelivery) -> bool:
    """
    Whether the gateway acknowledged this delivery, as the simulator judges it by its provider's rule.
    """
    answer = delivery.last_answer
    return isinstance(answer, Mapping) and answer.get("acked") is True


def reached(delivery: NotifyDelivery) -> bool:
    """
    Whether the gateway answered this delivery at all; one that was dropped or met a dead gateway was not.
    """
    answer = delivery.last_answer
    return isinstance(answer, Mapping) and answer.get("status") is not None


def record_notify(history: History, delivery: NotifyDelivery, *, order: str) -> int:
    return history.fact(
        "notify",
        order=order,
        event=delivery.event,
        number=delivery.out_trade_no,
        kind=delivery.kind,
        faults=list(delivery.faults),
        notify_id=delivery.notify_id,
        attempt=delivery.attempt,
        due_at=_told_at(delivery.due_at) or None,
        delivered=reached(delivery),
        status=delivery.last_answer["status"] if reached(delivery) else None,
        acked=acked(delivery),
    )


def record_trade(history: History, trade: Trade, *, order: str) -> int:
    return history.fact(
        "book",
        order=order,
        number=trade.out_trade_no,
        trade_no=trade.trade_no,
        state=trade.state,
        total_fen=trade.total_fen,
        paid_fen=trade.paid_fen,
        refunded_fen=trade.refunded_fen,
        paid_at=_told_at(trade.paid_at),
        late_after=_told_at(trade.late_after),
    )


def record_payment(
    history: History,
    payment: Payment,
    *,
    entries: Sequence[LedgerEntry] | None,
    tells: bool = False,
    tells_refunds: bool = True,
) -> int:
    """
    A payment as the gateway tells it.

    Args:
        tells: whether the gateway promises to tell the platform of payments.
        tells_refunds: where it does, whether of refunds too.
    """
    return history.fact(
        "ledger",
        order=payment.merchant_order_no,
        payment_id=payment.id,
        number=payment.out_trade_no,
        trade_no=payment.channel_trade_no,
        amount_fen=payment.amount_fen,
        status=payment.status,
        tells=tells,
        tells_refunds=tells_refunds,
        refund_status=payment.refund_status,
        refunded_fen=payment.refunded_fen,
        credits=None if payment.credits is None else [credit.amount_fen for credit in payment.credits],
        debits=None if payment.debits is None else [debit.amount_fen for debit in payment.debits],
        legs=None
        if entries is None
        else [[entry.transaction_id, entry.amount_fen, entry.account] for entry in entries],
    )


def record_call(history: History, exchange: Exchange, *, order: str) -> int:
    """
    One call of the gateway's, as the provider met it.
    """
    return history.fact(
        "call",
        order=order,
        verb=verb_of(exchange.api),
        api=exchange.api,
        number=exchange.order,
        refund_no=refund_number_of(exchange),
        signature_ok=exchange.signature_ok,
        fault=exchange.fault,
        status=exchange.status,
        seq=exchange.seq,
        at=exchange.raw.get("schedule_at") or "",
    )


def record_webhook(history: History, event: WebhookEvent) -> int:
    value: dict[str, Any] = {"event_id": event.event_id, "type": event.type, "told": event.told}
    value["amount_fen"] = event.data.get("amount_fen")
    value["received_at"] = event.received_at.isoformat()
    if event.data.get("refund"):
        value["refund_fen"] = event.data["refund"].get("amount_fen")
    return history.fact("webhook", order=event.merchant_order_no, **value)


def _told_at(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


class Witnesses:
    """
    The shortest set of lines that shows a broken rule, out of a history; callable as the audit's `evidence_of`.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._lines: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for operation in operations:
            if operation.order and operation.phase is not Phase.INVOKE:
                self._lines[operation.order][operation.kind].append(operation.index)

    def __call__(self, order: str, requirement: str) -> tuple[int, ...]:
        lines = self._lines.get(order, {})
        wanted = SHOWN_BY.get(requirement, SHOWN_BY_DEFAULT)
        return tuple(sorted(index for kind, last in wanted for index in lines.get(kind, [])[-last:]))
