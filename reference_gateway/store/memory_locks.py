"""
Row and key locks of the memory store.

A lock is named (rank, key). A transaction takes its locks in ascending order, so no ring of waiting can form; a step
backwards is a programming error and says so at once, where a database would only sometimes deadlock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import IntEnum

from reference_gateway.errors import StoreConflict


class Rank(IntEnum):
    """The order in which transactions take their locks."""

    ORDER_KEY = 0
    PAYMENT = 1
    REFUND = 2
    REFUND_KEY = 3
    IDEMPOTENCY = 4
    INBOX = 5
    ROOM = 6
    STOCK = 7
    PACKET_KEY = 8
    PACKET = 9
    PAYOUT_KEY = 10
    PAYOUT = 11
    POSTING = 12
    ACCOUNT = 13
    OUTBOX = 14
    UNPUBLISHED = 15
    NONCE = 16
    RECONCILIATION = 17
    LEADER = 18


LockName = tuple[Rank, tuple[str, ...]]


class LockTable:
    """All locks held or waited for in one store."""

    def __init__(self) -> None:
        self._locks: dict[LockName, asyncio.Lock] = {}
        self._users: dict[LockName, int] = {}

    async def acquire(self, name: LockName) -> None:
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._users[name] = self._users.get(name, 0) + 1
        try:
            await lock.acquire()
        except BaseException:
            self._leave(name)
            raise

    def is_held(self, name: LockName) -> bool:
        return name in self._locks and self._locks[name].locked()

    def release(self, name: LockName) -> None:
        self._locks[name].release()
        self._leave(name)

    def _leave(self, name: LockName) -> None:
        self._users[name] -= 1
        if not self._users[name]:
            del self._users[name], self._locks[name]


class HeldLocks:
    """The locks of one transaction."""

    def __init__(self, table: LockTable) -> None:
        self._table = table
        self._held: dict[LockName, None] = {}
        self._highest: LockName | None = None

    async def take(self, rank: Rank, keys: Iterable[tuple[str, ...]]) -> None:
        """Wait for every lock of *keys*, in order; those held already are passed over."""
        for name in sorted((rank, key) for key in set(keys)):
            if name in self._held:
                continue
            if self._highest is not None and name < self._highest:
                raise AssertionError(f"lock {name} taken after {self._highest}: a ring of waiting becomes possible")
            await self._table.acquire(name)
            self._held[name] = None
            self._highest = name

    async def take_late(self, rank: Rank, keys: Iterable[tuple[str, ...]]) -> None:
        """
        Take locks whatever is held already, but wait only where the order allows it.

        Raises:
            StoreConflict: another transaction holds one, and waiting for it could close a ring.
        """
        for name in sorted((rank, key) for key in set(keys)):
            if name in self._held:
                continue
            late = self._highest is not None and name < self._highest
            if late and self._table.is_held(name):
                raise StoreConflict(f"lock {name} is held by another transaction")
            await self._table.acquire(name)
            self._held[name] = None
            self._highest = self._highest if late else name

    async def take_free(self, rank: Rank, keys: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Take the locks that nobody holds, skip the others; waits for none, so order does not matter."""
        taken = []
        for key in keys:
            name = (rank, key)
            if not self._table.is_held(name):
                await self._table.acquire(name)
                self._held[name] = None
                taken.append(key)
        return taken

    def release(self) -> None:
        for name in self._held:
            self._table.release(name)
        self._held.clear()
        self._highest = None
