"""
Streams and terms in memory: a part of the unit of work with the same order and the same fence as the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reference_gateway.domain.records import OutboxRow
from reference_gateway.store.memory_locks import HeldLocks, Rank


@dataclass(slots=True)
class StreamRows:
    """What is committed, or what one transaction wrote; *waiting* is in order of commit."""

    waiting: dict[str, OutboxRow] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    terms: dict[str, int] = field(default_factory=dict)

    def apply(self, changes: StreamRows) -> None:
        """Make *changes* visible."""
        self.waiting.update(changes.waiting)
        for event_id in changes.published:
            self.waiting.pop(event_id, None)
        self.terms.update(changes.terms)


class MemoryStreams:
    """Events that no stream has yet, and who may say that one has."""

    _held: HeldLocks

    async def _point(self, place: str) -> None:
        raise NotImplementedError

    @property
    def _stream(self) -> StreamRows:
        """What is committed."""
        raise NotImplementedError

    @property
    def _own_stream(self) -> StreamRows:
        """What this transaction wrote."""
        raise NotImplementedError

    async def unpublished(self, limit: int) -> list[OutboxRow]:
        await self._point("unpublished")
        return list(self._stream.waiting.values())[:limit]

    async def mark_published(self, event_ids: Sequence[str], *, role: str, token: int, now: datetime) -> bool:
        del now
        await self._point("mark_published")
        await self._held.take(Rank.OUTBOX, [(event_id,) for event_id in event_ids])
        if self._stream.terms.get(role) != token:
            return False
        self._own_stream.published.update(event_ids)
        return True

    async def count_unpublished(self) -> int:
        await self._point("count_unpublished")
        return len(self._stream.waiting)

    async def begin_term(self, role: str, holder: str, now: datetime) -> int:
        del holder, now
        await self._point("begin_term")
        await self._held.take(Rank.LEADER, [(role,)])
        token = self._stream.terms.get(role, 0) + 1
        self._own_stream.terms[role] = token
        return token
