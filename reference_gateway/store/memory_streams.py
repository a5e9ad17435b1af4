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
    """What is committed, or what one transaction wrote; *waiting* is by places in the order."""

    waiting: dict[int, OutboxRow] = field(default_factory=dict)
    published: set[int] = field(default_factory=set)
    terms: dict[str, int] = field(default_factory=dict)

    def apply(self, changes: StreamRows) -> None:
        """Make *changes* visible."""
        self.waiting.update(changes.waiting)
        for seq in changes.published:
            self.waiting.pop(seq, None)
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

    async def unpublished(self, limit: int) -> dict[int, OutboxRow]:
        await self._point("unpublished")
        return {seq: self._stream.waiting[seq] for seq in sorted(self._stream.waiting)[:limit]}

    async def mark_published(self, seqs: Sequence[int], *, role: str, token: int) -> bool:
        await self._point("mark_published")
        await self._held.take(Rank.UNPUBLISHED, [(f"{seq:020}",) for seq in seqs])
        if self._stream.terms.get(role) != token:
            return False
        self._own_stream.published.update(seqs)
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
