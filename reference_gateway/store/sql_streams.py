"""
Terms in PostgreSQL: a part of the unit of work that needs only the running of statements.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause

from reference_gateway.store import statements_streams as sql
from reference_gateway.store.sql_connection import Rows


class SqlStreams:
    """Who may say that a stream has an event."""

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def begin_term(self, role: str, holder: str, now: datetime) -> int:
        del now  # beats of several machines are compared, so the database's own clock counts
        return int((await self._run(sql.BEGIN_TERM, {"role": role, "holder": holder})).scalar_one())
