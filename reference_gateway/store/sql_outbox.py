"""
The outbox in PostgreSQL: a part of the unit of work that needs only the running of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause

from reference_gateway.domain.records import OutboxRow
from reference_gateway.store import statements_outbox as sql
from reference_gateway.store.sql_connection import Rows, rows_text
from reference_gateway.store.sql_connection import values as values_of


class SqlOutbox:
    """Events on their way to the apps and to the streams."""

    publishes: bool

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def _write(self, statement: TextClause, parameters: Mapping[str, Any]) -> None:
        raise NotImplementedError

    async def _run_alone(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def _read(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def add_outbox(self, rows: Sequence[OutboxRow]) -> None:
        await self._write(sql.ADD_OUTBOX, {"rows": rows_text(rows), "publishes": self.publishes})

    async def claim_outbox(self, now: datetime, *, lease_until: datetime, limit: int) -> list[OutboxRow]:
        rows = await self._run_alone(sql.CLAIM_OUTBOX, {"now": now, "lease_until": lease_until, "limit": limit})
        return [OutboxRow(**values_of(row)) for row in rows]

    async def finish_outbox(self, sent: Sequence[str], later: Mapping[str, datetime]) -> None:
        if sent:
            await self._write(sql.FINISH_OUTBOX, {"sent": list(sent)})
        if later:
            await self._write(sql.POSTPONE_OUTBOX, {"event_id": list(later), "due_at": list(later.values())})

    async def outbox_unsent(self) -> int:
        return int((await self._read(sql.OUTBOX_UNSENT)).scalar_one())

    async def unpublished(self, limit: int) -> dict[int, OutboxRow]:
        found = map(values_of, await self._read(sql.UNPUBLISHED, {"limit": limit}))
        return {row.pop("seq"): OutboxRow(**row) for row in found}

    async def mark_published(self, seqs: Sequence[int], *, role: str, token: int) -> bool:
        given = {"seqs": list(seqs), "role": role, "token": token}
        return bool((await self._run_alone(sql.MARK_PUBLISHED, given)).scalar_one())

    async def count_unpublished(self) -> int:
        return int((await self._read(sql.COUNT_UNPUBLISHED)).scalar_one())
