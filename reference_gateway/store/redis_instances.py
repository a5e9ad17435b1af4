"""
The instances that live and their loads, in one hash of Redis; whoever has not reported lately is dead.

Only commands that Redis 6.2 knows, keys with a hash tag. When Redis is away each instance takes the work to be its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from reference_gateway.clock import Clock

KEY = "payproof:{instances}:load"
ALIVE_S = 4.0

_LOG = structlog.get_logger("reference_gateway.redis")


class RedisInstances:
    """Field: instance; value: load and the time of the report."""

    several = True

    def __init__(self, url: str, clock: Clock, *, timeout_s: float = 0.5) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=2, timeout=timeout_s, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
        self._redis = Redis.from_pool(pool)
        self._clock = clock

    async def close(self) -> None:
        await self._redis.aclose()

    async def report(self, instance: str, load: float) -> Mapping[str, float]:
        now_s = self._clock.now().timestamp()
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(KEY, instance, f"{load:.6f} {now_s:.3f}")
                pipe.hgetall(KEY)
                _, told = await pipe.execute()
            read = {name.decode(): tuple(map(float, value.split())) for name, value in told.items()}
            dead = [name for name, (_, at_s) in read.items() if abs(now_s - at_s) > ALIVE_S]
            if dead:
                await self._redis.hdel(KEY, *dead)
        except (RedisError, OSError) as error:
            _LOG.warning("redis_away", reason=type(error).__name__)
            return {instance: load}
        return {name: load_ for name, (load_, _) in read.items() if name not in dead}

    async def leave(self, instance: str) -> None:
        try:
            await self._redis.hdel(KEY, instance)
        except (RedisError, OSError) as error:
            _LOG.warning("redis_away", reason=type(error).__name__)
