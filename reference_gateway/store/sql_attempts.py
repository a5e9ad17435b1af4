"""Attempts in PostgreSQL: a part of the unit of work that needs only the running of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.store import statements_attempts as sql
from reference_gateway.store.sql_connection import Rows, rows_text
from reference_gateway.store.sql_connection import values as values_of


class SqlAttempts:
    """Attempts."""

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def _write(self, statement: TextClause, parameters: Mapping[str, Any]) -> None:
        raise NotImplementedError

    async def insert_attempts(self, attempts: Sequence[Attempt]) -> None:
        await self._run(sql.INSERT_ATTEMPTS, {"rows": rows_text(attempts)})

    async def save_attempts(self, attempts: Sequence[Attempt]) -> None:
        await self._write(sql.SAVE_ATTEMPTS, {"rows": rows_text(attempts)})

    async def attempts(self, payment_id: str) -> list[Attempt]:
        rows = await self._run(sql.ATTEMPTS, {"payment_id": payment_id})
        return [Attempt(**{**values_of(row), "status": AttemptStatus(row.status)}) for row in rows]
