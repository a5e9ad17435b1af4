"""
Wakes the feeds of other instances through Redis: one message says that something was committed, and nothing of what.

A message that is lost costs a heartbeat, never an event: the table is the truth.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from reference_gateway.cancelling import heed_cancellation
from reference_gateway.clock import Clock
from reference_gateway.pace import Pace

CHANNEL = "payproof:{feed}:woken"
AWAY_S = 1.0

_LOG = structlog.get_logger("reference_gateway.redis")


class Bell(Protocol):
    """Wakes somebody in this instance."""

    def ring(self) -> None: ...

    def silence(self) -> None: ...

    async def wait(self, seconds: float | None) -> None: ...


class RedisFeedBell:
    """
    Tells others when *committed* rings, every *pace_s* at most, and rings *woken* when others tell.

    Its own messages come back to it too and do no harm.
    """

    def __init__(self, url: str, clock: Clock, *, committed: Bell, woken: Bell, pace_s: float = 0.0) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=AWAY_S, health_check_interval=15)
        self._clock = clock
        self._committed = committed
        self._woken = woken
        self._pace = Pace(pace_s)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to tell and to listen; Redis may be away."""
        self._tasks = [
            asyncio.create_task(self._tell(), name="feed-tell"),
            asyncio.create_task(self._listen(), name="feed-listen"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._redis.aclose()

    async def _tell(self) -> None:
        while True:
            await self._committed.wait(None)
            await self._pace.turn()
            self._committed.silence()
            try:
                await self._redis.publish(CHANNEL, b"")
                heed_cancellation()
            except (RedisError, OSError) as error:
                _LOG.warning("feed_not_told", reason=type(error).__name__)
                await self._clock.sleep(AWAY_S)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as told:
                    await told.subscribe(CHANNEL)
                    heed_cancellation()
                    async for _ in told.listen():
                        self._woken.ring()
                        heed_cancellation()
            except (RedisError, OSError) as error:
                _LOG.warning("feed_not_heard", reason=type(error).__name__)
                await self._clock.sleep(AWAY_S)
