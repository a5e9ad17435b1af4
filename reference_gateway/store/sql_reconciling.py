"""
Routing and reconciliation in PostgreSQL: a part of the unit of work that needs only the running of statements.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import TextClause

from reference_gateway.domain.bill import BillKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.reconciliation import (
    NO_LONGER_FOUND,
    BookCursor,
    BookRow,
    Difference,
    DifferenceKind,
    DifferenceStatus,
    Known,
    Reconciliation,
    ReconciliationStatus,
    found_elsewhere,
)
from reference_gateway.domain.records import channel_account
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.routing import RouteChoice, RouteRecord, Weighing
from reference_gateway.domain.tries import order_and_try
from reference_gateway.store import statements_reconciling as sql
from reference_gateway.store.sql_connection import Rows
from reference_gateway.store.sql_connection import values as values_of

_BEGINNING: BookCursor = (datetime(1970, 1, 1, tzinfo=UTC), "")


class SqlReconciling:
    """Routes, days compared, differences, pages of the books."""

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    def _payment_of(self, row: Any) -> Payment:
        raise NotImplementedError

    def _refund_of(self, row: Any) -> Refund:
        raise NotImplementedError

    async def record_routes(self, rows: Sequence[RouteRecord]) -> None:
        await self._run(
            sql.RECORD_ROUTES,
            {
                "payment_id": [row.payment_id for row in rows],
                "channel": [row.choice.channel for row in rows],
                "reason": [row.choice.reason for row in rows],
                "weighings": [_weighings_text(row.choice.weighings) for row in rows],
                "at": [row.at for row in rows],
            },
        )

    async def route(self, payment_id: str) -> RouteRecord | None:
        row = (await self._run(sql.ROUTE_OF, {"payment_id": payment_id})).first()
        if row is None:
            return None
        weighings = tuple(Weighing(*parts) for parts in json.loads(row.weighings))
        return RouteRecord(row.payment_id, RouteChoice(row.channel, row.reason, weighings), row.at)

    async def booked(
        self, kind: BillKind, channel: str, *, span: tuple[datetime, datetime], after: BookCursor | None, limit: int
    ) -> list[BookRow]:
        after_at, after_number = after or _BEGINNING
        parameters = {
            "channel": channel,
            "account": channel_account(channel),
            "start": span[0],
            "end": span[1],
            "after_at": after_at,
            "after_number": after_number,
            "limit": limit,
        }
        rows = await self._run(sql.BOOKED_PAYMENTS if kind == "payment" else sql.BOOKED_REFUNDS, parameters)
        return [
            BookRow(kind=kind, number=row.number, out_trade_no=row.out_trade_no, amount_fen=row.amount_fen, at=row.at)
            for row in rows
        ]

    async def known(self, kind: BillKind, numbers: Collection[str]) -> dict[str, Known]:
        statement = sql.KNOWN_PAYMENTS if kind == "payment" else sql.KNOWN_REFUNDS
        asked = {"numbers": list(numbers)}
        if kind == "payment":
            asked["orders"] = [order_and_try(number)[0] for number in numbers]
        rows = await self._run(statement, asked)
        return {
            row.number: Known(
                channel=row.channel, status=row.status, amount_fen=row.amount_fen, booked_at=row.booked_at
            )
            for row in rows
        }

    async def refunds_by_request_no(self, numbers: Collection[str]) -> dict[str, tuple[Refund, Payment]]:
        found = await self._run(sql.REFUNDS_BY_NUMBER, {"numbers": list(numbers)})
        refunds = [self._refund_of(row) for row in found]
        if not refunds:
            return {}
        rows = await self._run(sql.PAYMENTS_OF, {"ids": [refund.payment_id for refund in refunds]})
        payments = {payment.id: payment for payment in (self._payment_of(row) for row in rows)}
        return {refund.out_request_no: (refund, payments[refund.payment_id]) for refund in refunds}

    async def claim_reconciliation(self, wanted: Reconciliation, *, again: bool) -> bool:
        rows = await self._run(sql.CLAIM_RECONCILIATION, {**_row(wanted), "again": again})
        return rows.first() is not None

    async def save_reconciliation(self, row: Reconciliation) -> None:
        await self._run(sql.SAVE_RECONCILIATION, _row(row))

    async def reconciliation(self, channel: str, day: date) -> Reconciliation | None:
        row = (await self._run(sql.RECONCILIATION_OF, {"channel": channel, "day": day})).first()
        return None if row is None else _reconciliation(row)

    async def list_reconciliations(self, *, limit: int) -> list[Reconciliation]:
        return [_reconciliation(row) for row in await self._run(sql.LIST_RECONCILIATIONS, {"limit": limit})]

    async def put_differences(self, channel: str, day: date, differences: Sequence[Difference]) -> None:
        place = {"channel": channel, "day": day}
        await self._run(sql.FORGET_OPEN, {**place, "explanation": NO_LONGER_FOUND})
        if differences:
            columns = {name: [getattr(one, name) for one in differences] for name in sql.DIFFERENCE}
            await self._run(sql.PUT_DIFFERENCES, {**place, **columns})

    async def differences(self, channel: str, day: date) -> list[Difference]:
        rows = await self._run(sql.DIFFERENCES, {"channel": channel, "day": day})
        return [_difference(row) for row in rows]

    async def explain_elsewhere(self, channel: str, day: date, numbers: Collection[tuple[BillKind, str]]) -> int:
        pairs = list(numbers)
        rows = await self._run(
            sql.EXPLAIN_ELSEWHERE,
            {
                "channel": channel,
                "day": day,
                "addition": found_elsewhere(day),
                "row_kind": [kind for kind, _ in pairs],
                "number": [number for _, number in pairs],
            },
        )
        return len(rows)


def _weighings_text(weighings: Sequence[Weighing]) -> str:
    return json.dumps([(one.channel, one.share, one.reason) for one in weighings], ensure_ascii=False)


def _row(row: Reconciliation) -> dict[str, Any]:
    return {name: getattr(row, name) for name in sql.RECONCILIATION}


def _reconciliation(row: Any) -> Reconciliation:
    values = values_of(row)
    values["status"] = ReconciliationStatus(values["status"])
    return Reconciliation(**values)


def _difference(row: Any) -> Difference:
    values = values_of(row)
    values["kind"] = DifferenceKind(values["kind"])
    values["status"] = DifferenceStatus(values["status"])
    return Difference(**values)
