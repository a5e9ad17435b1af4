"""
Streams and terms in PostgreSQL: a part of the unit of work that needs only the running of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause

from reference_gateway.domain.records import OutboxRow
from reference_gateway.store import statements_streams as sql
from reference_gateway.store.sql_connection import Rows
from reference_gateway.store.sql_connection import values as values_of


class SqlStreams:
    """Events that no stream has yet, and who may say that one has."""

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def _read(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def unpublished(self, limit: int) -> list[OutboxRow]:
        rows = await self._read(sql.UNPUBLISHED, {"limit": limit})
        return [OutboxRow(**values_of(row)) for row in rows]

    async def mark_published(self, event_ids: Sequence[str], *, role: str, token: int, now: datetime) -> bool:
        if not event_ids:
            return True
        given = {"event_ids": list(event_ids), "role": role, "token": token, "now": now}
        return (await self._run(sql.MARK_PUBLISHED, given)).first() is not None

    async def count_unpublished(self) -> int:
        return int((await self._read(sql.COUNT_UNPUBLISHED)).scalar_one())

    async def begin_term(self, role: str, holder: str, now: datetime) -> int:
        del now  # beats of several machines are compared, so the database's own clock counts
        return int((await self._run(sql.BEGIN_TERM, {"role": role, "holder": holder})).scalar_one())
