"""
Counters of limits in Redis, one pipeline for each request; whatever Redis cannot say, this instance counts alone.

Only commands that Redis 6.2 knows; the keys of one app hash to one slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from reference_gateway.domain.limits import Tally

_LOG = structlog.get_logger("reference_gateway.redis")


class Counters(Protocol):
    """Counts without Redis."""

    async def add(self, rows: Sequence[Tally]) -> list[int]: ...

    async def take_back(self, rows: Sequence[Tally]) -> None: ...


class RedisCounters:
    """INCRBY on keys that end with their window; *alone* counts while Redis is away."""

    def __init__(self, url: str, alone: Counters, *, connections_max: int = 16, timeout_s: float = 0.5) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections_max,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )
        self._redis = Redis.from_pool(pool)
        self._alone = alone

    async def close(self) -> None:
        await self._redis.aclose()

    async def add(self, rows: Sequence[Tally]) -> list[int]:
        try:
            return await self._incremented((row, row.step) for row in rows)
        except (RedisError, OSError) as error:
            _LOG.warning("limits_counted_alone", reason=type(error).__name__)
            return await self._alone.add(rows)

    async def take_back(self, rows: Sequence[Tally]) -> None:
        try:
            await self._incremented((row, -row.step) for row in rows)
        except (RedisError, OSError) as error:
            _LOG.warning("limits_counted_alone", reason=type(error).__name__)
            await self._alone.take_back(rows)

    async def _incremented(self, steps: Iterable[tuple[Tally, int]]) -> list[int]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for row, step in steps:
                pipe.set(row.key, 0, nx=True, ex=row.window_s + 1)
                pipe.incrby(row.key, step)
            answers = await pipe.execute()
        return [int(count) for count in answers[1::2]]
