"""
The store in memory, for worlds of one process with virtual time.

Same promises as PostgreSQL, and the same chances to go wrong: read committed, row locks, unique keys that are waited
for, constraints; and at every statement and commit a scheduling point where other tasks may run, as many turns as
whoever builds the world draws. It uses no thread, no file and no socket.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

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
from reference_gateway.domain.transitions import AttemptStatus, PaymentStatus
from reference_gateway.domain.tries import order_and_try
from reference_gateway.errors import ConstraintBroken
from reference_gateway.store.memory_attempts import MemoryAttempts
from reference_gateway.store.memory_feed import FeedRows, MemoryFeed
from reference_gateway.store.memory_live import LiveRows, MemoryLive
from reference_gateway.store.memory_locks import HeldLocks, LockTable, Rank
from reference_gateway.store.memory_reconciling import MemoryReconciling, ReconcilingRows
from reference_gateway.store.memory_state import Changes, MemoryState
from reference_gateway.store.memory_streams import MemoryStreams, StreamRows

SchedulingPoint = Callable[[str], int]
"""Given the name of a statement or `commit`, how many turns of the loop pass before it takes effect."""


def one_turn(place: str) -> int:
    """Yield once everywhere: the least at which races show."""
    del place
    return 1


@types.coroutine
def _turn() -> Generator[None, None, None]:
    yield


class MemoryStore:
    """A store that survives the gateways that use it, as a database does."""

    heartbeat_s: float | None = None
    pace_s: float = 0.0

    def __init__(self, scheduling_point: SchedulingPoint = one_turn) -> None:
        self.state = MemoryState()
        self.locks = LockTable()
        self.scheduling_point = scheduling_point

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close: what is committed stays."""

    async def ping(self) -> None:
        """Memory answers."""

    def __call__(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self)


class _Transaction:
    """Begin, commit, roll back; the statements stand in the parts below."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._state = store.state
        self._held = HeldLocks(store.locks)
        self._changes = Changes()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._changes = Changes()
        self._held.release()

    async def commit(self) -> None:
        await self._point("commit")
        self._state.apply(self._changes)
        self._changes = Changes()
        self._held.release()

    async def _point(self, place: str) -> None:
        for _ in range(self._store.scheduling_point(place)):
            await _turn()


class _Payments(_Transaction):
    def _payment(self, payment_id: str | None) -> Payment | None:
        if payment_id is None:
            return None
        return self._changes.payments.get(payment_id) or self._state.payments.get(payment_id)

    def _payment_id(self, app_id: str, merchant_order_no: str) -> str | None:
        for payment in self._changes.payments.values():
            if (payment.app_id, payment.merchant_order_no) == (app_id, merchant_order_no):
                return payment.id
        return self._state.by_order.get((app_id, merchant_order_no))

    def _write_payment(self, payment: Payment) -> None:
        if min(payment.refunded_fen, payment.reserved_fen) < 0 or payment.refundable_fen < 0:
            raise ConstraintBroken("payments: refunds above what was paid", code="payments_refunds_within_amount")
        if payment.hold_fen is not None and payment.amount_fen > payment.hold_fen:
            raise ConstraintBroken("payments: more than was frozen", code="payments_capture_within_hold")
        self._changes.payments[payment.id] = payment

    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        await self._point("insert_payments")
        await self._held.take(Rank.ORDER_KEY, [(p.app_id, p.merchant_order_no) for p in payments])
        inserted = set()
        for payment in payments:
            if self._payment_id(payment.app_id, payment.merchant_order_no) is None:
                self._write_payment(replace(payment, seq=self._state.next_seq()))
                inserted.add(payment.id)
        return inserted

    async def payments_by_order(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        await self._point("payments_by_order")
        found = {order: self._payment(self._payment_id(*order)) for order in orders}
        return {order: payment for order, payment in found.items() if payment is not None}

    async def claim_orders(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        await self._held.take(Rank.ORDER_KEY, orders)
        return await self.payments_by_order(orders)

    async def payment(self, app_id: str, payment_id: str) -> Payment | None:
        await self._point("payment")
        payment = self._payment(payment_id)
        return payment if payment is not None and payment.app_id == app_id else None

    async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
        await self._point("lock_payments")
        known = [no for no in out_trade_nos if no in self._state.by_out_trade_no]
        await self._held.take(Rank.PAYMENT, [(no,) for no in known])
        locked = {no: self._payment(self._state.by_out_trade_no[no]) for no in known}
        return {no: payment for no, payment in locked.items() if payment is not None}

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        await self._point("save_payments")
        for payment in payments:
            self._write_payment(payment)

    async def list_payments(self, app_id: str, *, after: int, limit: int) -> list[Payment]:
        await self._point("list_payments")
        own = (p for p in self._state.payments.values() if p.app_id == app_id and p.seq > after)
        return sorted(own, key=lambda payment: payment.seq)[:limit]

    async def claim_polls(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payment]:
        await self._point("claim_polls")
        due = sorted((at, payment_id) for payment_id, at in self._state.polling.items() if at <= now)[:limit]
        numbers = {self._state.payments[payment_id].out_trade_no: payment_id for _, payment_id in due}
        taken = await self._held.take_free(Rank.PAYMENT, [(no,) for no in numbers])
        claimed = [self._state.payments[numbers[no]] for (no,) in taken]
        for payment in claimed:
            self._write_payment(replace(payment, poll_at=lease_until))
        return claimed

    async def claim_ends(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payment]:
        await self._point("claim_ends")
        due = sorted((at, payment_id) for payment_id, at in self._state.ending.items() if at <= now)[:limit]
        numbers = {self._state.payments[payment_id].out_trade_no: payment_id for _, payment_id in due}
        taken = await self._held.take_free(Rank.PAYMENT, [(no,) for no in numbers])
        claimed = [self._state.payments[numbers[no]] for (no,) in taken]
        for payment in claimed:
            self._write_payment(replace(payment, end_at=lease_until))
        return claimed


class _Refunds(_Payments):
    def _refund(self, refund_id: str | None) -> Refund | None:
        if refund_id is None:
            return None
        return self._changes.refunds.get(refund_id) or self._state.refunds.get(refund_id)

    async def insert_refund(self, refund: Refund) -> None:
        await self._point("insert_refund")
        key = (refund.payment_id, refund.merchant_refund_no)
        await self._held.take(Rank.REFUND_KEY, [key])
        if key in self._state.refund_keys:
            raise ConstraintBroken("refunds: this merchant_refund_no is taken", code="refunds_merchant_refund_no_key")
        self._changes.refunds[refund.id] = refund

    async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
        await self._point("refund_by_no")
        return self._refund(self._state.refund_keys.get((payment_id, merchant_refund_no)))

    async def refund(self, payment_id: str, refund_id: str) -> Refund | None:
        await self._point("refund")
        refund = self._refund(refund_id)
        return refund if refund is not None and refund.payment_id == payment_id else None

    async def lock_refund(self, refund_id: str) -> Refund | None:
        await self._point("lock_refund")
        await self._held.take(Rank.REFUND, [(refund_id,)])
        return self._refund(refund_id)

    async def save_refund(self, refund: Refund) -> None:
        await self._point("save_refund")
        self._changes.refunds[refund.id] = refund

    async def claim_refunds(self, now: datetime, *, lease_until: datetime, limit: int) -> list[tuple[Refund, Payment]]:
        await self._point("claim_refunds")
        due = sorted((at, refund_id) for refund_id, at in self._state.refund_polling.items() if at <= now)[:limit]
        taken = await self._held.take_free(Rank.REFUND, [(refund_id,) for _, refund_id in due])
        claimed = [self._state.refunds[refund_id] for (refund_id,) in taken]
        for refund in claimed:
            self._changes.refunds[refund.id] = replace(refund, poll_at=lease_until)
        return [(refund, self._state.payments[refund.payment_id]) for refund in claimed]

    async def hurry_refunds(self, out_request_nos: Sequence[str], now: datetime) -> None:
        await self._point("hurry_refunds")
        ids = [self._state.by_out_request_no[no] for no in out_request_nos if no in self._state.by_out_request_no]
        await self._held.take(Rank.REFUND, [(refund_id,) for refund_id in ids])
        for refund_id in ids:
            refund = self._refund(refund_id)
            if refund is not None and refund.poll_at is not None:
                self._changes.refunds[refund_id] = replace(refund, poll_at=now)


class _Books(_Refunds):
    async def record_transitions(self, rows: Sequence[Transition]) -> None:
        await self._point("record_transitions")
        self._changes.transitions.extend(rows)

    async def open_accounts(self, accounts: Sequence[Account]) -> None:
        await self._point("open_accounts")
        await self._held.take(Rank.ACCOUNT, [(account.name,) for account in accounts])
        for account in accounts:
            if account.name not in self._state.accounts:
                self._changes.accounts[account.name] = account
                self._changes.moved.setdefault(account.name, 0)

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        await self._point("post")
        await self._held.take_late(Rank.POSTING, [(posting.key,) for posting in postings])
        fresh: dict[str, Posting] = {}
        for posting in postings:
            if posting.key not in self._state.postings and posting.key not in self._changes.postings:
                fresh.setdefault(posting.key, posting)
        moved = self._moved(fresh.values())
        await self._held.take_late(Rank.ACCOUNT, [(name,) for name, fen in moved.items() if fen < 0])
        for name, fen in moved.items():
            if self._balance(name) + fen < 0:
                raise ConstraintBroken(f"ledger: {name} would go below zero", code="ledger_accounts_balance_check")
            self._changes.moved[name] = self._changes.moved.get(name, 0) + fen
        for posting in fresh.values():
            self._enter(posting)
        return set(fresh)

    def _balance(self, name: str) -> int:
        return self._state.balances.get(name, 0) + self._changes.moved.get(name, 0)

    def _moved(self, postings: Collection[Posting]) -> dict[str, int]:
        """Sum what a statement moves on each account; a raised balance needs no lock, a lowered one does."""
        moved: dict[str, int] = {}
        for name, signed_fen in (entry for posting in postings for entry in posting.entries()):
            account = self._changes.accounts.get(name) or self._state.accounts.get(name)
            if account is None:
                raise ConstraintBroken(f"ledger: no account {name}", code="ledger_entries_account_fkey")
            moved[name] = moved.get(name, 0) + account.normal_sign * signed_fen
        return moved

    def _enter(self, posting: Posting) -> None:
        self._changes.postings[posting.key] = posting
        for name, signed_fen in posting.entries():
            entry_id = self._state.next_entry_id()
            self._changes.lines.append(
                LedgerLine(entry_id, posting.id, posting.kind, posting.payment_id, name, signed_fen, posting.at)
            )

    async def lock_balances(self, accounts: Collection[str]) -> dict[str, int]:
        await self._point("lock_balances")
        known = [name for name in accounts if name in self._state.accounts or name in self._changes.accounts]
        await self._held.take(Rank.ACCOUNT, [(name,) for name in known])
        return {name: self._balance(name) for name in known}

    async def fold_balances(self, limit: int) -> int:
        """Fold nothing: in memory a commit is one step, and raises balances itself."""
        del limit
        return 0

    async def ledger_lines(self, payment_ids: Sequence[str]) -> list[LedgerLine]:
        await self._point("ledger_lines")
        lines = [line for payment_id in payment_ids for line in self._state.lines.get(payment_id, ())]
        return sorted(lines, key=lambda line: line.entry_id)

    async def balances(self) -> dict[str, int]:
        await self._point("balances")
        return dict(self._state.balances)

    async def balances_of(self, accounts: Collection[str]) -> dict[str, int]:
        await self._point("balances_of")
        return {name: self._state.balances[name] for name in accounts if name in self._state.balances}

    async def record_inbox(self, rows: Sequence[InboxRow]) -> None:
        await self._point("record_inbox")
        await self._held.take(Rank.INBOX, [(row.channel, row.dedupe_key) for row in rows])
        for row in rows:
            key = (row.channel, row.dedupe_key)
            known = self._changes.inbox.get(key) or self._state.inbox.get(key)
            self._changes.inbox[key] = row if known is None else replace(known, deliveries=known.deliveries + 1)

    async def idempotency_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], IdempotencyKey]:
        await self._point("idempotency_keys")
        found = {key: self._changes.idempotency.get(key) or self._state.idempotency.get(key) for key in keys}
        return {key: row for key, row in found.items() if row is not None}

    async def insert_idempotency_keys(self, rows: Sequence[IdempotencyKey]) -> set[tuple[str, str]]:
        await self._point("insert_idempotency_keys")
        await self._held.take_late(Rank.IDEMPOTENCY, [(row.app_id, row.key) for row in rows])
        inserted = set()
        for row in rows:
            key = (row.app_id, row.key)
            if key not in self._state.idempotency and key not in self._changes.idempotency:
                self._changes.idempotency[key] = row
                inserted.add(key)
        return inserted

    async def spend_nonces(
        self, nonces: Sequence[tuple[str, str]], *, now: datetime, expires_at: datetime
    ) -> set[tuple[str, str]]:
        await self._point("spend_nonces")
        await self._held.take(Rank.NONCE, nonces)
        fresh = {n for n in nonces if n not in self._changes.nonces and self._state.nonces.get(n, now) <= now}
        self._changes.nonces.update((nonce, expires_at) for nonce in fresh)
        return fresh

    async def forget_nonces(self, now: datetime) -> None:
        await self._point("forget_nonces")
        for nonce in [n for n, until in self._state.nonces.items() if until <= now]:
            del self._state.nonces[nonce]


class _Outbox(_Books):
    async def add_outbox(self, rows: Sequence[OutboxRow]) -> None:
        await self._point("add_outbox")
        self._changes.outbox.extend(rows)
        self._changes.unsent.update((row.event_id, row) for row in rows if row.due_at is not None)
        self._changes.stream.waiting.update((self._state.next_seq(), row) for row in rows)

    async def claim_outbox(self, now: datetime, *, lease_until: datetime, limit: int) -> list[OutboxRow]:
        await self._point("claim_outbox")
        dues = ((row.due_at, row.event_id) for row in self._state.unsent.values() if row.due_at is not None)
        due = sorted((at, event_id) for at, event_id in dues if at <= now)[:limit]
        taken = await self._held.take_free(Rank.OUTBOX, [(event_id,) for _, event_id in due])
        waiting = [self._state.unsent[event_id] for (event_id,) in taken]
        claimed = [replace(row, due_at=lease_until, attempts=row.attempts + 1) for row in waiting]
        self._changes.unsent.update((row.event_id, row) for row in claimed)
        return claimed

    async def finish_outbox(self, sent: Sequence[str], later: Mapping[str, datetime]) -> None:
        await self._point("finish_outbox")
        await self._held.take(Rank.OUTBOX, [(event_id,) for event_id in (*sent, *later)])
        self._changes.sent.update(sent)
        for event_id, due_at in later.items():
            if event_id in self._state.unsent:
                self._changes.unsent[event_id] = replace(self._state.unsent[event_id], due_at=due_at)

    async def outbox_unsent(self) -> int:
        await self._point("outbox_unsent")
        return len(self._state.unsent)

    async def next_due(self) -> NextDue:
        await self._point("next_due")
        state = self._state
        return NextDue(
            polls=min(state.polling.values(), default=None),
            refunds=min(state.refund_polling.values(), default=None),
            ends=min(state.ending.values(), default=None),
            outbox=min((row.due_at for row in state.unsent.values() if row.due_at), default=None),
            packets=min((p.poll_at for p in state.live.packets.values() if p.poll_at), default=None),
            payouts=min((p.poll_at for p in state.live.payouts.values() if p.poll_at), default=None),
        )


class MemoryUnitOfWork(_Outbox, MemoryAttempts, MemoryLive, MemoryFeed, MemoryReconciling, MemoryStreams):
    """One transaction over a MemoryStore."""

    @property
    def _feed(self) -> FeedRows:
        return self._state.feed

    @property
    def _live(self) -> LiveRows:
        return self._state.live

    @property
    def _own(self) -> LiveRows:
        return self._changes.live

    @property
    def _compared(self) -> ReconcilingRows:
        return self._state.reconciling

    @property
    def _comparing(self) -> ReconcilingRows:
        return self._changes.reconciling

    def _postings(self, kind: str) -> Iterator[tuple[Posting, Payment, Refund | None]]:
        for posting in self._state.postings.values():
            if posting.kind == kind or (kind, posting.kind) == ("refund", "double_back"):
                refund = None if posting.refund_id is None else self._state.refunds[posting.refund_id]
                yield posting, self._state.payments[posting.payment_id], refund

    def _known_payment(self, out_trade_no: str) -> Payment | None:
        order, try_no = order_and_try(out_trade_no)
        payment = self._payment(self._state.by_out_trade_no.get(order))
        return payment if payment is not None and payment.try_no == try_no else None

    def _known_refund(self, out_request_no: str) -> tuple[Refund, Payment] | None:
        refund = self._refund(self._state.by_out_request_no.get(out_request_no))
        return None if refund is None else (refund, self._state.payments[refund.payment_id])

    @property
    def _stream(self) -> StreamRows:
        return self._state.stream

    @property
    def _own_stream(self) -> StreamRows:
        return self._changes.stream

    async def resume_unfinished(self, now: datetime) -> None:
        await self._point("resume_unfinished")
        open_attempts = (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN)
        pending = [
            self._state.payments[i] for i in self._state.polling if self._state.payments[i].attempt in open_attempts
        ]
        await self._held.take(Rank.PAYMENT, [(payment.out_trade_no,) for payment in pending])
        for payment in (self._state.payments[payment.id] for payment in pending):
            if payment.poll_at is not None and payment.status is PaymentStatus.PENDING:
                self._write_payment(replace(payment, poll_at=min(now, payment.poll_at)))
        refunds = list(self._state.refund_polling)
        await self._held.take(Rank.REFUND, [(refund_id,) for refund_id in refunds])
        for refund in (self._state.refunds[refund_id] for refund_id in refunds):
            if refund.poll_at is not None:
                self._changes.refunds[refund.id] = replace(refund, poll_at=min(now, refund.poll_at))
        events = list(self._state.unsent)
        await self._held.take(Rank.OUTBOX, [(event_id,) for event_id in events])
        for event_id in events:
            if event_id in self._state.unsent:
                row = self._state.unsent[event_id]
                self._changes.unsent[event_id] = replace(row, due_at=min(now, row.due_at or now))
