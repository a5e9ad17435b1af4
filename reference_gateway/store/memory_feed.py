"""The outbox as a feed, in memory: events in the order of their commits."""

from __future__ import annotations

from dataclasses import dataclass, field

from reference_gateway.domain.feed import FeedPosition, FeedRow, Topic
from reference_gateway.domain.records import OutboxRow


@dataclass(slots=True)
class FeedRows:
    """Every event ever committed, once."""

    rows: list[FeedRow] = field(default_factory=list)

    def add(self, row: OutboxRow) -> None:
        """Put a new event at the end."""
        position = FeedPosition(1, len(self.rows) + 1)
        self.rows.append(FeedRow(position, row.app_id, row.type, row.payload, row.subject_id, row.room_id))


class MemoryFeed:
    """Events behind a position."""

    async def _point(self, place: str) -> None:
        raise NotImplementedError

    @property
    def _feed(self) -> FeedRows:
        raise NotImplementedError

    async def feed_position(self) -> FeedPosition:
        await self._point("feed_position")
        return FeedPosition(1, len(self._feed.rows))

    async def feed_latest(self, topic: Topic, *, limit: int) -> list[FeedRow]:
        await self._point("feed_latest")
        return [row for row in reversed(self._feed.rows) if topic.takes(row)][:limit]

    async def feed(self, after: FeedPosition, *, limit: int, topic: Topic | None = None) -> tuple[list[FeedRow], bool]:
        await self._point("feed")
        start = 0 if after.txid < 1 else after.seq
        behind = self._feed.rows[start:] if after.txid <= 1 else []
        return [row for row in behind if topic is None or topic.takes(row)][:limit], False
