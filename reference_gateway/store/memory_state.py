"""
What the memory store holds once committed: plain dictionaries with their indexes, and how a change set is applied.

No waiting happens here: applying a change set is one step of the event loop, as a commit must be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import (
    Account,
    IdempotencyKey,
    InboxRow,
    LedgerLine,
    OutboxRow,
    Posting,
    Transition,
)
from reference_gateway.domain.refund import Refund
from reference_gateway.store.memory_feed import FeedRows
from reference_gateway.store.memory_live import LiveRows
from reference_gateway.store.memory_reconciling import ReconcilingRows
from reference_gateway.store.memory_streams import StreamRows


@dataclass(slots=True)
class Changes:
    """What one transaction wrote and nobody else sees yet."""

    payments: dict[str, Payment] = field(default_factory=dict)
    attempts: dict[tuple[str, str, int], Attempt] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    postings: dict[str, Posting] = field(default_factory=dict)
    lines: list[LedgerLine] = field(default_factory=list)
    inbox: dict[tuple[str, str], InboxRow] = field(default_factory=dict)
    idempotency: dict[tuple[str, str], IdempotencyKey] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    unsent: dict[str, OutboxRow] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    nonces: dict[tuple[str, str], datetime] = field(default_factory=dict)
    live: LiveRows = field(default_factory=LiveRows)
    reconciling: ReconcilingRows = field(default_factory=ReconcilingRows)
    stream: StreamRows = field(default_factory=StreamRows)


@dataclass(slots=True)
class MemoryState:
    """Everything committed; an event stands in `feed` for good, and in `unsent` until its app has it."""

    payments: dict[str, Payment] = field(default_factory=dict)
    by_out_trade_no: dict[str, str] = field(default_factory=dict)
    by_order: dict[tuple[str, str], str] = field(default_factory=dict)
    polling: dict[str, datetime] = field(default_factory=dict)
    ending: dict[str, datetime] = field(default_factory=dict)
    attempts: dict[tuple[str, str, int], Attempt] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    refund_keys: dict[tuple[str, str], str] = field(default_factory=dict)
    by_out_request_no: dict[str, str] = field(default_factory=dict)
    refund_polling: dict[str, datetime] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    postings: dict[str, Posting] = field(default_factory=dict)
    lines: dict[str, list[LedgerLine]] = field(default_factory=dict)
    inbox: dict[tuple[str, str], InboxRow] = field(default_factory=dict)
    idempotency: dict[tuple[str, str], IdempotencyKey] = field(default_factory=dict)
    unsent: dict[str, OutboxRow] = field(default_factory=dict)
    nonces: dict[tuple[str, str], datetime] = field(default_factory=dict)
    live: LiveRows = field(default_factory=LiveRows)
    reconciling: ReconcilingRows = field(default_factory=ReconcilingRows)
    stream: StreamRows = field(default_factory=StreamRows)
    feed: FeedRows = field(default_factory=FeedRows)
    sequence: int = 0
    entry_sequence: int = 0

    def next_seq(self) -> int:
        """Number rows as a database sequence does: never given back."""
        self.sequence += 1
        return self.sequence

    def next_entry_id(self) -> int:
        self.entry_sequence += 1
        return self.entry_sequence

    def apply(self, changes: Changes) -> None:
        """Make *changes* visible, all at once."""
        for payment in changes.payments.values():
            self._put_payment(payment)
        self.attempts.update(changes.attempts)
        for refund in changes.refunds.values():
            self._put_refund(refund)
        self.transitions.extend(changes.transitions)
        self.accounts.update(changes.accounts)
        for name, moved_fen in changes.moved.items():
            self.balances[name] = self.balances.get(name, 0) + moved_fen
        self.postings.update(changes.postings)
        for line in changes.lines:
            self.lines.setdefault(line.payment_id, []).append(line)
        self.inbox.update(changes.inbox)
        self.idempotency.update(changes.idempotency)
        self.nonces.update(changes.nonces)
        self.live.apply(changes.live)
        self.reconciling.apply(changes.reconciling)
        self.stream.apply(changes.stream)
        for row in changes.outbox:
            self.feed.add(row)
        self.unsent.update(changes.unsent)
        for event_id in changes.sent:
            self.unsent.pop(event_id, None)

    def _put_payment(self, payment: Payment) -> None:
        self.payments[payment.id] = payment
        self.by_out_trade_no[payment.out_trade_no] = payment.id
        self.by_order[payment.app_id, payment.merchant_order_no] = payment.id
        if payment.poll_at is None:
            self.polling.pop(payment.id, None)
        else:
            self.polling[payment.id] = payment.poll_at
        if payment.end_at is None:
            self.ending.pop(payment.id, None)
        else:
            self.ending[payment.id] = payment.end_at

    def _put_refund(self, refund: Refund) -> None:
        self.refunds[refund.id] = refund
        self.refund_keys[refund.payment_id, refund.merchant_refund_no] = refund.id
        self.by_out_request_no[refund.out_request_no] = refund.id
        if refund.poll_at is None:
            self.refund_polling.pop(refund.id, None)
        else:
            self.refund_polling[refund.id] = refund.poll_at
