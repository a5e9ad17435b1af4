"""
The store's part in streams and in elections: events that no stream has yet, who leads, and the fence between terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from reference_gateway.domain.records import OutboxRow


class StreamPart(Protocol):
    """Events on their way to the streams."""

    async def unpublished(self, limit: int) -> dict[int, OutboxRow]:
        """
        Return the oldest events that no stream has yet, in order, by their places in it.

        Those of one subject are in the order of their commits.
        """
        ...

    async def mark_published(self, seqs: Sequence[int], *, role: str, token: int) -> bool:
        """
        Mark these as published; False, and none marked, when *token* is not the newest of the role's terms.

        Where nothing came before, it may be committed.
        """
        ...

    async def count_unpublished(self) -> int: ...

    async def begin_term(self, role: str, holder: str, now: datetime) -> int:
        """Give the role to *holder* and return the term's number, higher than every one before: the fencing token."""
        ...
