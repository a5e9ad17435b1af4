"""
Turns: who wants the same row at once waits here, before a connection is taken, not in the database while holding one.

A crowd on one payment is served by one connection of each gateway; queued behind the row's lock it would hold the
whole pool, and whoever wants anything else of this gateway would be told that the store is away. Turns make nothing
true: the row's lock does, also against other gateways. Knows nothing of what is done in a turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """One at a time for each key, in the order of asking."""

    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Lock] = {}
        self._wanted: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Wait for the turn at *key* and hold it inside."""
        queue = self._queues.setdefault(key, asyncio.Lock())
        self._wanted[key] = self._wanted.get(key, 0) + 1
        try:
            async with queue:
                yield
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._queues[key]

    def __len__(self) -> int:
        return len(self._queues)
