"""
Nonces of merchant requests: each is spent once.

The store's unique key is the truth. A faster memory in front of it may only refuse; what it has lost, the store still
knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from reference_gateway.clock import Clock
from reference_gateway.service.unit_of_work import UnitOfWorkFactory
from reference_gateway.store.group_commit import GroupCommit

NONCE_LIFE_S = 660
"""Longer than the window in which a timestamp is accepted, on both sides."""

FORGET_AFTER = 500
"""Once for so many nonces old ones are forgotten, twice as many at most; what fewer leave behind is little."""

PACE = 0.5
"""Of the store's: everybody stands at this door before another one, and of what comes next a tip waits for no pace."""


class Nonces(Protocol):
    """Spends nonces."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def spend(self, app_id: str, nonce: str, *, durable: bool) -> bool:
        """Return True the first time; *durable* for requests that change something."""
        ...


class SqlNonces:
    """Nonces in the store, all that arrive together in one transaction."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._commits: GroupCommit[tuple[str, str, int], tuple[str, str], bool] = GroupCommit(
            self._spend, pace_s=PACE * units.pace_s
        )
        self._asked = 0
        self._kept = 0

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        await self._commits.drain()

    async def spend(self, app_id: str, nonce: str, *, durable: bool) -> bool:
        del durable
        self._asked += 1  # each asking is a key of its own: two equal nonces must not share one answer
        return await self._commits.submit((app_id, nonce, self._asked), (app_id, nonce))

    async def _spend(
        self, batch: Mapping[tuple[str, str, int], tuple[str, str]]
    ) -> Mapping[tuple[str, str, int], bool]:
        now = self._clock.now()
        async with self._units() as unit:
            fresh = await unit.spend_nonces(
                sorted(set(batch.values())), now=now, expires_at=now + timedelta(seconds=NONCE_LIFE_S)
            )
            self._kept += len(batch)
            if self._kept >= FORGET_AFTER:
                self._kept = 0
                await unit.forget_nonces(now)
            await unit.commit()
        answers: dict[tuple[str, str, int], bool] = {}
        for name, nonce in batch.items():
            answers[name] = nonce in fresh
            fresh.discard(nonce)
        return answers
