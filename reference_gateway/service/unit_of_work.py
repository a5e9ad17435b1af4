"""
The port to the store: one transaction at a time, every method one statement over a batch.

Promises of every implementation: read committed; `lock_*` holds its rows until the end; unique keys are waited for and
then refused; leaving without commit undoes everything. Statements are used in one order, payments, refunds,
idempotency keys, inbox, postings, outbox, so that transactions cannot wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from reference_gateway.domain.due import NextDue
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
from reference_gateway.service.parts.attempts import AttemptsPart
from reference_gateway.service.parts.feed import FeedPart
from reference_gateway.service.parts.live import LivePart
from reference_gateway.service.parts.reconciling import ReconcilingPart
from reference_gateway.service.parts.stream import StreamPart


class PaymentsPart(Protocol):
    """Orders."""

    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        """Insert what is new by (app_id, merchant_order_no); return the ids that were."""
        ...

    async def payments_by_order(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        """Find payments by (app_id, merchant_order_no)."""
        ...

    async def claim_orders(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        """Find payments by (app_id, merchant_order_no); a store that can keeps the free numbers from being taken."""
        ...

    async def payment(self, app_id: str, payment_id: str) -> Payment | None: ...

    async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
        """Read these payments, by out_trade_no, and keep them locked."""
        ...

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        """Write the changeable fields of locked payments."""
        ...

    async def list_payments(self, app_id: str, *, after: int, limit: int) -> list[Payment]:
        """Return payments in order of creation, `seq` above *after*."""
        ...

    async def claim_polls(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payment]:
        """Take payments whose `poll_at` has come, moving it to *lease_until* so that nobody else takes them."""
        ...

    async def claim_ends(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payment]:
        """Take payments whose `end_at` has come, moving it to *lease_until* so that nobody else takes them."""
        ...

    async def resume_unfinished(self, now: datetime) -> None:
        """Make due at once: attempts without an end, open refunds, events whose sender may have died."""
        ...


class RefundsPart(Protocol):
    """Refunds."""

    async def insert_refund(self, refund: Refund) -> None: ...

    async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None: ...

    async def refund(self, payment_id: str, refund_id: str) -> Refund | None: ...

    async def lock_refund(self, refund_id: str) -> Refund | None: ...

    async def save_refund(self, refund: Refund) -> None: ...

    async def claim_refunds(self, now: datetime, *, lease_until: datetime, limit: int) -> list[tuple[Refund, Payment]]:
        """Take refunds whose `poll_at` has come, with their payments."""
        ...

    async def hurry_refunds(self, out_request_nos: Sequence[str], now: datetime) -> None:
        """Make open refunds due now."""
        ...


class BooksPart(Protocol):
    """Transitions, ledger, inbox, idempotency keys, nonces."""

    async def record_transitions(self, rows: Sequence[Transition]) -> None: ...

    async def open_accounts(self, accounts: Sequence[Account]) -> None: ...

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        """Post what is new by key; return the keys that were."""
        ...

    async def lock_balances(self, accounts: Collection[str]) -> dict[str, int]:
        """Read these accounts' balances and keep them from being lowered by others; what raises them is not held up."""
        ...

    async def fold_balances(self, limit: int) -> int:
        """Bring up to *limit* appended entries into their accounts' balances; return how many accounts that were."""
        ...

    async def ledger_lines(self, payment_ids: Sequence[str]) -> list[LedgerLine]: ...

    async def balances(self) -> dict[str, int]: ...

    async def balances_of(self, accounts: Collection[str]) -> dict[str, int]:
        """Read these accounts' balances, as they are committed."""
        ...

    async def record_inbox(self, rows: Sequence[InboxRow]) -> None:
        """Insert, or count one delivery more where the row is there."""
        ...

    async def idempotency_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], IdempotencyKey]: ...

    async def insert_idempotency_keys(self, rows: Sequence[IdempotencyKey]) -> set[tuple[str, str]]:
        """Insert what is new; return the (app_id, key) that were."""
        ...

    async def spend_nonces(
        self, nonces: Sequence[tuple[str, str]], *, now: datetime, expires_at: datetime
    ) -> set[tuple[str, str]]:
        """Spend (app_id, nonce) pairs; return those that were fresh. Where nothing came before, it may be committed."""
        ...

    async def forget_nonces(self, now: datetime) -> None:
        """Forget pairs that had expired by *now*, a thousand at most."""
        ...


class OutboxPart(Protocol):
    """Events on their way to the apps."""

    async def add_outbox(self, rows: Sequence[OutboxRow]) -> None: ...

    async def claim_outbox(self, now: datetime, *, lease_until: datetime, limit: int) -> list[OutboxRow]:
        """
        Take events due, skipping what another gateway holds, and lease them.

        Where nothing came before, it may be committed: a lease that nobody works under comes back by itself.
        """
        ...

    async def finish_outbox(self, sent: Sequence[str], later: Mapping[str, datetime]) -> None:
        """Nothing is to be done any more with what was *sent*; the others are due again *later*."""
        ...

    async def outbox_unsent(self) -> int: ...

    async def next_due(self) -> NextDue: ...


class UnitOfWork(
    PaymentsPart,
    AttemptsPart,
    RefundsPart,
    BooksPart,
    OutboxPart,
    LivePart,
    FeedPart,
    ReconcilingPart,
    StreamPart,
    Protocol,
):
    """One transaction."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None: ...


class UnitOfWorkFactory(Protocol):
    """
    The store: call it for a transaction.

    `heartbeat_s` is how often workers look for work that others left; None where nobody else writes.
    `pace_s` is how far apart transactions of one kind begin, so that more comes together for each.
    """

    @property
    def heartbeat_s(self) -> float | None: ...

    @property
    def pace_s(self) -> float: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None: ...

    def __call__(self) -> UnitOfWork: ...
