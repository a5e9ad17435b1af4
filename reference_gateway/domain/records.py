"""
Rows that the store keeps beside payments and refunds: transitions, postings, inbox, outbox, idempotency keys.

Values only; the meaning of a posting is that its entries sum to zero and that its key is posted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reference_gateway.domain.money import Fen
from reference_gateway.domain.record import record

PostingKind = Literal[
    "payment",
    "refund",
    "tip",
    "topup",
    "deposit",
    "release",
    "packet",
    "claim",
    "packet_return",
    "hold",
    "unhold",
    "payout",
    "payout_back",
    "double",
    "double_back",
]
SubjectKind = Literal["payment", "attempt", "refund", "payout"]


@record
class Transition:
    """A move of a state machine, or one that was refused."""

    subject_kind: SubjectKind
    subject_id: str
    from_state: str
    event: str
    to_state: str
    applied: bool
    detail: str
    at: datetime


@record
class Posting:
    """
    Money moved between accounts: *debit* gains *amount_fen*, *credit* owes as much.

    *splits* are parts of the amount that other accounts owe instead of *credit*.
    """

    id: str
    key: str
    kind: PostingKind
    payment_id: str
    refund_id: str | None
    debit: str
    credit: str
    amount_fen: Fen
    at: datetime
    splits: tuple[tuple[str, Fen], ...] = ()

    def entries(self) -> list[tuple[str, int]]:
        """List accounts and signed amounts, debits positive; the sum is zero."""
        rest_fen = self.amount_fen - sum(fen for _, fen in self.splits)
        credits_ = [(self.credit, rest_fen), *self.splits]
        return [(self.debit, self.amount_fen), *((name, -fen) for name, fen in credits_ if fen)]


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One entry as it stands in the ledger; debits are positive."""

    entry_id: int
    transaction_id: str
    kind: PostingKind
    payment_id: str
    account: str
    amount_fen: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """*normal_sign* is +1 where debits raise the balance (what channels owe us), -1 where credits do (what we owe)."""

    name: str
    normal_sign: Literal[1, -1]


@record
class InboxRow:
    """A notify that arrived; *dedupe_key* is one row, later deliveries only count."""

    channel: str
    dedupe_key: str
    notify_id: str
    out_trade_no: str
    verdict: str
    body: bytes
    received_at: datetime
    deliveries: int = 1


@record
class OutboxRow:
    """
    An event that must reach the app at least once; *payload* is the exact body.

    Events of one *subject_id*, a payment say, reach the streams in the order in which they were committed. *due_at* and
    *attempts* are of its sending; whoever reads it for another purpose gets none.
    """

    event_id: str
    app_id: str
    type: str
    payload: bytes
    created_at: datetime
    due_at: datetime | None = None
    attempts: int = 0
    subject_id: str = ""
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    app_id: str
    key: str
    request_digest: str
    payment_id: str
    created_at: datetime


def channel_account(channel: str) -> str:
    """Name the account of what a channel holds for us."""
    return f"channel:{channel}"


def app_account(app_id: str) -> str:
    """Name the account of what we owe an app."""
    return f"app:{app_id}"
