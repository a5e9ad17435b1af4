"""
A lock in Redis that expires by itself: a hint about who leads, quick to ask and never believed alone.

Keys carry a hash tag; only commands that Redis 6.2 knows. When Redis is away everybody may try.
"""

from __future__ import annotations

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

_LOG = structlog.get_logger("reference_gateway.redis")
# Only who holds the lock makes it last longer, or gives it back.
_HOLD = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_LET_GO = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisLock:
    """One key for each role."""

    def __init__(self, url: str, *, life_s: float = 5.0, timeout_s: float = 0.5) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=2, timeout=timeout_s, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
        self._redis = Redis.from_pool(pool)
        self._life_ms = str(int(life_s * 1000))

    async def close(self) -> None:
        await self._redis.aclose()

    async def may_lead(self, role: str, holder: str) -> bool:
        """Take the lock if nobody has it; False when somebody else does."""
        return await self._held(role, holder)

    async def hold(self, role: str, holder: str) -> None:
        """Make the lock last; a leader whose lock was taken or lost leads on, PostgreSQL permitting."""
        await self._held(role, holder)

    async def let_go(self, role: str, holder: str) -> None:
        """Give the lock back, if it is ours."""
        try:
            await self._redis.eval(_LET_GO, 1, _key(role), holder)
        except (RedisError, OSError) as error:
            _LOG.warning("redis_away", reason=type(error).__name__)

    async def _held(self, role: str, holder: str) -> bool:
        try:
            return bool(await self._redis.eval(_HOLD, 1, _key(role), holder, self._life_ms))
        except (RedisError, OSError) as error:
            _LOG.warning("redis_away", reason=type(error).__name__)
            return True


def _key(role: str) -> str:
    return f"payproof:{{leader:{role}}}:lock"
