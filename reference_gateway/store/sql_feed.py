"""
The outbox as a feed, in PostgreSQL: a part of the unit of work.

Rows are ordered by the number of the transaction that wrote them and told only up to the oldest one still open, because
commits do not come in the order of sequences: a reader by sequence alone would step over a row that commits late. The
newest row of all comes along when it has to wait for that one, and says so: one question, and one snapshot, for both.
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
    # The newest is taken out of the index: asked whether any has to wait, the planner would read all rows for a no.
    return text(
        f"""
        (
            SELECT {_COLUMNS}, true AS settled FROM outbox
            WHERE (txid, seq) > (:txid, :seq) AND txid < {_HORIZON} {where} ORDER BY txid, seq LIMIT :limit
        ) UNION ALL (
            SELECT {_COLUMNS}, false FROM (SELECT * FROM outbox ORDER BY txid DESC, seq DESC LIMIT 1) AS newest
            WHERE txid >= {_HORIZON}
        ) ORDER BY txid, seq
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


def _row(row: Any) -> FeedRow:
    return FeedRow(FeedPosition(row.txid, row.seq), row.app_id, row.type, row.payload, row.subject_id, row.room_id)


class SqlFeed:
    """Events behind a position."""

    async def _read(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def feed_position(self) -> FeedPosition:
        return FeedPosition((await self._read(POSITION)).scalar_one(), 0)

    async def feed_latest(self, topic: Topic, *, limit: int) -> list[FeedRow]:
        parameters = {"room_id": topic.room_id, "app_id": topic.app_id, "limit": limit}
        return [_row(row) for row in await self._read(LATEST_OF_ROOM, parameters)]

    async def feed(self, after: FeedPosition, *, limit: int, topic: Topic | None = None) -> tuple[list[FeedRow], bool]:
        parameters: dict[str, Any] = {"txid": after.txid, "seq": after.seq, "limit": limit}
        statement = ALL
        if topic is not None:
            subject = topic.subject_id is not None
            statement = OF_SUBJECT if subject else OF_ROOM
            name = "subject_id" if subject else "room_id"
            parameters |= {name: topic.subject_id if subject else topic.room_id, "app_id": topic.app_id}
        found = await self._read(statement, parameters)
        settled = [_row(row) for row in found if row.settled]
        return settled, len(settled) < len(found)
