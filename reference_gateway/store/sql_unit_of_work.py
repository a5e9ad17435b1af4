"""
The store in PostgreSQL: one transaction over asyncpg, each statement a constant run over a batch.

Knows the statements' parameters and the shape of their rows; what they are for stands in the port.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from reference_gateway.domain.due import NextDue
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import (
    Account,
    IdempotencyKey,
    InboxRow,
    LedgerLine,
    Posting,
    Transition,
)
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import AttemptStatus, OrderEvent, PaymentStatus, RefundStatus
from reference_gateway.store import statements as sql
from reference_gateway.store.sql_attempts import SqlAttempts
from reference_gateway.store.sql_connection import Transaction, rows_text
from reference_gateway.store.sql_connection import values as values_of
from reference_gateway.store.sql_feed import SqlFeed
from reference_gateway.store.sql_live import SqlLive
from reference_gateway.store.sql_outbox import SqlOutbox
from reference_gateway.store.sql_reconciling import SqlReconciling
from reference_gateway.store.sql_streams import SqlStreams
from reference_gateway.store.statements_outbox import RESUME_OUTBOX


def _columns(rows: Sequence[object], names: Sequence[str]) -> dict[str, list[Any]]:
    """Turn rows into one list for each column, as unnest wants them."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def _pairs(pairs: Sequence[tuple[str, str]], first: str, second: str) -> dict[str, list[str]]:
    return {first: [pair[0] for pair in pairs], second: [pair[1] for pair in pairs]}


def _payment(row: Any) -> Payment:
    values = values_of(row)
    values["status"] = PaymentStatus(values["status"])
    values["attempt"] = AttemptStatus(values["attempt"])
    if values["end_event"] is not None:
        values["end_event"] = OrderEvent(values["end_event"])
    return Payment(**values)


def _refund(row: Any) -> Refund:
    values = values_of(row)
    values["status"] = RefundStatus(values["status"])
    return Refund(**values)


class _Payments(Transaction):
    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        rows = await self._run(sql.INSERT_PAYMENTS, {"rows": rows_text(payments)})
        return set(rows.scalars())

    async def payments_by_order(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        rows = await self._read(sql.PAYMENTS_BY_ORDER, _pairs(orders, "app_id", "merchant_order_no"))
        found = map(_payment, rows)
        return {(payment.app_id, payment.merchant_order_no): payment for payment in found}

    async def claim_orders(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        return await self.payments_by_order(orders)

    async def payment(self, app_id: str, payment_id: str) -> Payment | None:
        row = (await self._read(sql.PAYMENT, {"id": payment_id})).first()
        return None if row is None or row.app_id != app_id else _payment(row)

    async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
        rows = await self._run(sql.LOCK_PAYMENTS, {"numbers": list(out_trade_nos)})
        return {payment.out_trade_no: payment for payment in map(_payment, rows)}

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        await self._run(sql.SAVE_PAYMENTS, {"rows": rows_text(payments)}, beside=True)

    async def list_payments(self, app_id: str, *, after: int, limit: int) -> list[Payment]:
        rows = await self._read(sql.LIST_PAYMENTS, {"app_id": app_id, "after": after, "limit": limit})
        return [_payment(row) for row in rows]

    async def claim_polls(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payment]:
        rows = await self._run(sql.CLAIM_POLLS, {"now": now, "lease_until": lease_until, "limit": limit})
        return [_payment(row) for row in rows]

    async def claim_ends(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payment]:
        rows = await self._run(sql.CLAIM_ENDS, {"now": now, "lease_until": lease_until, "limit": limit})
        return [_payment(row) for row in rows]


class _Refunds(_Payments):
    async def insert_refund(self, refund: Refund) -> None:
        await self._run(sql.INSERT_REFUND, {name: getattr(refund, name) for name in sql.REFUND_COLUMNS})

    async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
        row = (await self._read(sql.REFUND_BY_NO, {"payment_id": payment_id, "number": merchant_refund_no})).first()
        return None if row is None else _refund(row)

    async def refund(self, payment_id: str, refund_id: str) -> Refund | None:
        row = (await self._read(sql.REFUND, {"payment_id": payment_id, "id": refund_id})).first()
        return None if row is None else _refund(row)

    async def lock_refund(self, refund_id: str) -> Refund | None:
        row = (await self._run(sql.LOCK_REFUND, {"id": refund_id})).first()
        return None if row is None else _refund(row)

    async def save_refund(self, refund: Refund) -> None:
        await self._run(sql.SAVE_REFUND, {name: getattr(refund, name) for name in sql.SAVED_REFUND})

    async def claim_refunds(self, now: datetime, *, lease_until: datetime, limit: int) -> list[tuple[Refund, Payment]]:
        rows = await self._run(sql.CLAIM_REFUNDS, {"now": now, "lease_until": lease_until, "limit": limit})
        claimed = [_refund(row) for row in rows]
        if not claimed:
            return []
        rows = await self._run(sql.PAYMENTS_BY_ID, {"ids": [refund.payment_id for refund in claimed]})
        payments = {payment.id: payment for payment in map(_payment, rows)}
        return [(refund, payments[refund.payment_id]) for refund in claimed]

    async def hurry_refunds(self, out_request_nos: Sequence[str], now: datetime) -> None:
        await self._run(sql.HURRY_REFUNDS, {"numbers": list(out_request_nos), "now": now})


class _Books(_Refunds):
    async def record_transitions(self, rows: Sequence[Transition]) -> None:
        await self._write(sql.RECORD_TRANSITIONS, {"rows": rows_text(rows)})

    async def open_accounts(self, accounts: Sequence[Account]) -> None:
        await self._run(sql.OPEN_ACCOUNTS, _columns(accounts, ("name", "normal_sign")))

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        posted: dict[str, str] = dict(await self._run(sql.POST, {"rows": rows_text(postings)}, beside=True))
        entries = [
            {"transaction_id": posting.id, "account": account, "amount_fen": amount_fen}
            for posting in postings
            if posting.id in posted
            for account, amount_fen in posting.entries()
        ]
        if entries:
            await self._run(sql.ENTER, {"rows": rows_text(entries)}, beside=True)
        return set(posted.values())

    async def lock_balances(self, accounts: Collection[str]) -> dict[str, int]:
        rows = await self._run(sql.FOLD, {"names": sorted(accounts)})
        return {row.name: row.balance_fen for row in rows}

    async def fold_balances(self, limit: int) -> int:
        return int((await self._run(sql.FOLD_SOME, {"limit": limit})).scalar_one())

    async def ledger_lines(self, payment_ids: Sequence[str]) -> list[LedgerLine]:
        rows = await self._read(sql.LEDGER_LINES, {"payment_ids": list(payment_ids)})
        return [LedgerLine(**values_of(row)) for row in rows]

    async def balances(self) -> dict[str, int]:
        return {row.name: row.balance_fen for row in await self._read(sql.BALANCES)}

    async def balances_of(self, accounts: Collection[str]) -> dict[str, int]:
        rows = await self._read(sql.BALANCES_OF, {"names": list(accounts)})
        return {row.name: row.balance_fen for row in rows}

    async def record_inbox(self, rows: Sequence[InboxRow]) -> None:
        merged: dict[tuple[str, str], InboxRow] = {}
        for row in rows:
            key = (row.channel, row.dedupe_key)
            first = merged.get(key)
            merged[key] = row if first is None else replace(first, deliveries=first.deliveries + row.deliveries)
        await self._write(sql.RECORD_INBOX, {"rows": rows_text(list(merged.values()))})

    async def idempotency_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], IdempotencyKey]:
        rows = await self._read(sql.IDEMPOTENCY_KEYS, _pairs(keys, "app_id", "key"))
        return {(row.app_id, row.key): IdempotencyKey(**values_of(row)) for row in rows}

    async def insert_idempotency_keys(self, rows: Sequence[IdempotencyKey]) -> set[tuple[str, str]]:
        inserted = await self._run(sql.INSERT_IDEMPOTENCY_KEYS, {"rows": rows_text(rows)})
        return {(row.app_id, row.key) for row in inserted}

    async def spend_nonces(
        self, nonces: Sequence[tuple[str, str]], *, now: datetime, expires_at: datetime
    ) -> set[tuple[str, str]]:
        pairs = _pairs(nonces, "app_id", "nonce")
        rows = await self._run_alone(sql.SPEND_NONCES, {**pairs, "now": now, "expires_at": expires_at})
        return {(row.app_id, row.nonce) for row in rows}

    async def forget_nonces(self, now: datetime) -> None:
        await self._run_alone(sql.FORGET_NONCES, {"now": now})


class SqlUnitOfWork(_Books, SqlAttempts, SqlOutbox, SqlLive, SqlFeed, SqlReconciling, SqlStreams):
    """One transaction in PostgreSQL, read committed; *publishes* where there are streams that want the events."""

    def __init__(self, pool: Any, *, publishes: bool = True) -> None:
        super().__init__(pool)
        self.publishes = publishes
        self._rooms = {}

    def _payment_of(self, row: Any) -> Payment:
        return _payment(row)

    def _refund_of(self, row: Any) -> Refund:
        return _refund(row)

    async def resume_unfinished(self, now: datetime) -> None:
        await self._run(sql.RESUME_PAYMENTS, {"now": now})
        await self._run(sql.RESUME_REFUNDS, {"now": now})
        await self._run(RESUME_OUTBOX, {"now": now})

    async def ping(self) -> None:
        """Ask whether the database answers."""
        await self._read(sql.PING)

    async def next_due(self) -> NextDue:
        row = (await self._read(sql.NEXT_DUE)).one()
        return NextDue(**values_of(row))


assert {field.name for field in fields(Payment)} == set(sql.PAYMENT_COLUMNS)
assert {field.name for field in fields(Refund)} == set(sql.REFUND_COLUMNS)
