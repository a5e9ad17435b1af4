"""Attempts in PostgreSQL: a part of the unit of work that needs only the running of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import CursorResult, TextClause

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.store import statements_attempts as sql


class SqlAttempts:
    """Attempts."""

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        raise NotImplementedError

    async def insert_attempts(self, attempts: Sequence[Attempt]) -> None:
        columns = {name: [getattr(attempt, name) for attempt in attempts] for name in sql.ATTEMPT}
        columns["choice"] = [orjson.dumps(choice).decode() for choice in columns["choice"]]
        await self._run(sql.INSERT_ATTEMPTS, columns)

    async def save_attempts(self, attempts: Sequence[Attempt]) -> None:
        columns = {name: [getattr(attempt, name) for attempt in attempts] for name in sql.SAVED_ATTEMPT}
        await self._run(sql.SAVE_ATTEMPTS, columns)

    async def attempts(self, payment_id: str) -> list[Attempt]:
        rows = (await self._run(sql.ATTEMPTS, {"payment_id": payment_id})).mappings()
        return [Attempt(**{**row, "status": AttemptStatus(row["status"])}) for row in rows]
