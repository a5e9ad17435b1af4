"""What following the outbox asks of the store."""

from __future__ import annotations

from typing import Protocol

from reference_gateway.domain.feed import FeedPosition, FeedRow, Topic


class FeedPart(Protocol):
    """The outbox as a feed."""

    async def feed_position(self) -> FeedPosition:
        """Return the position behind everything that is committed and before everything that is not."""
        ...

    async def feed_latest(self, topic: Topic, *, limit: int) -> list[FeedRow]:
        """Read the newest events of a room, newest first."""
        ...

    async def feed(self, after: FeedPosition, *, limit: int, topic: Topic | None = None) -> tuple[list[FeedRow], bool]:
        """
        Read events behind a position, in order, of all topics or of one.

        Nothing will ever appear before what is returned: events behind a transaction that is still open wait for it,
        and the second value tells that some do.
        """
        ...
