"""
The outbox as a feed, in PostgreSQL: a part of the unit of work.

Rows are ordered by the number of the transaction that wrote them and read only up to the oldest one still open, because
commits do not come in the order of sequences: a reader by sequence alone would step over a row that commits late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import TextClause, text

from reference_gateway.domain.feed import FeedPosition, FeedRow, Topic
from reference_gateway.store.sql_connection import Rows

_HORIZON = "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
_COLUMNS = "txid, seq, app_id, type, payload, subject_id, room_id"


def _feed(where: str) -> TextClause:
    return text(
        f"""
        SELECT {_COLUMNS} FROM outbox
        WHERE (txid, seq) > (:txid, :seq) AND txid < {_HORIZON} {where} ORDER BY txid, seq LIMIT :limit
        """  # noqa: S608 (made of constants)
    )


LATEST_OF_ROOM = text(
    f"""
    SELECT {_COLUMNS} FROM outbox
    WHERE room_id = :room_id AND app_id = :app_id ORDER BY txid DESC, seq DESC LIMIT :limit
    """  # noqa: S608 (made of constants)
)
POSITION = text(f"SELECT {_HORIZON} AS txid")
ALL = _feed("")
OF_SUBJECT = _feed("AND subject_id = :subject_id AND app_id = :app_id")
OF_ROOM = _feed("AND room_id = :room_id AND app_id = :app_id")
# The newest of all, out of the index: asked whether there is any, the planner would read the whole table for a no.
UNSETTLED = text(f"SELECT coalesce((SELECT max(txid) FROM outbox) >= {_HORIZON}, false)")  # noqa: S608 (made of constants)


def _row(row: Any) -> FeedRow:
    return FeedRow(FeedPosition(row.txid, row.seq), row.app_id, row.type, row.payload, row.subject_id, row.room_id)


class SqlFeed:
    """Events behind a position."""

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def feed_position(self) -> FeedPosition:
        return FeedPosition((await self._run(POSITION)).scalar_one(), 0)

    async def feed_latest(self, topic: Topic, *, limit: int) -> list[FeedRow]:
        parameters = {"room_id": topic.room_id, "app_id": topic.app_id, "limit": limit}
        return [_row(row) for row in await self._run(LATEST_OF_ROOM, parameters)]

    async def feed(self, after: FeedPosition, *, limit: int, topic: Topic | None = None) -> tuple[list[FeedRow], bool]:
        parameters: dict[str, Any] = {"txid": after.txid, "seq": after.seq, "limit": limit}
        statement = ALL
        if topic is not None:
            subject = topic.subject_id is not None
            statement = OF_SUBJECT if subject else OF_ROOM
            name = "subject_id" if subject else "room_id"
            parameters |= {name: topic.subject_id if subject else topic.room_id, "app_id": topic.app_id}
        rows = [_row(row) for row in await self._run(statement, parameters)]
        return rows, bool((await self._run(UNSETTLED)).scalar_one())
