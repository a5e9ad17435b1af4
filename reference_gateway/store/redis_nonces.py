"""
Nonces in Redis, in front of the store.

Redis refuses replays cheaply and answers for reads alone; requests that change something are always spent in the store
too. Losing Redis, or what it remembers, therefore loses speed and never lets a change in twice. Only commands that
Redis 6.2 knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import NoScriptError, RedisError

from reference_gateway.errors import StoreUnavailable
from reference_gateway.store.group_commit import GroupCommit

NONCE_LIFE_S = 660
PACE_S = 0.003
# One command and one answer of a letter for each nonce: spelling a SET for each costs the gateway more than the rest.
_SPEND = """
local told = {}
for place, key in ipairs(KEYS) do
  told[place] = redis.call('SET', key, '', 'NX', 'EX', ARGV[1]) and 'y' or 'n'
end
return table.concat(told)
"""
_SPEND_SHA = hashlib.sha1(_SPEND.encode()).hexdigest()  # noqa: S324 (how Redis names scripts)
_FRESH = ord("y")

_LOG = structlog.get_logger("reference_gateway.redis")


class Truth(Protocol):
    """The store's nonces."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def spend(self, app_id: str, nonce: str, *, durable: bool) -> bool: ...


class RedisNonces:
    """SET NX for all that came together; whatever Redis cannot say, the store says."""

    def __init__(self, url: str, truth: Truth, *, connections_max: int = 16, timeout_s: float = 0.5) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections_max,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )
        self._redis = Redis.from_pool(pool)
        self._truth = truth
        self._asks: GroupCommit[tuple[str, int], str, bool] = GroupCommit(self._ask, pace_s=PACE_S)
        self._asked = 0

    async def open(self) -> None:
        await self._truth.open()

    async def close(self) -> None:
        await self._asks.drain()
        await self._redis.aclose()
        await self._truth.close()

    async def spend(self, app_id: str, nonce: str, *, durable: bool) -> bool:
        key = f"payproof:{{{app_id}}}:nonce:{nonce}"
        self._asked += 1
        try:
            fresh = await self._asks.submit((key, self._asked), key)
        except (StoreUnavailable, OSError) as error:
            _LOG.warning("redis_away", reason=str(error))
            return await self._truth.spend(app_id, nonce, durable=True)
        if not fresh or not durable:
            return fresh
        return await self._truth.spend(app_id, nonce, durable=True)

    async def _ask(self, batch: Mapping[tuple[str, int], str]) -> Mapping[tuple[str, int], bool]:
        # An answer that got lost may have been a yes. Asked again, Redis would call these very requests replays, so the
        # batch is never split and tried again: the store decides about all of it.
        apps: dict[str, list[tuple[str, int]]] = {}
        for name in batch:
            apps.setdefault(batch[name].partition("}")[0], []).append(name)
        answers: dict[tuple[str, int], bool] = {}
        try:
            for names in apps.values():
                fresh = await self._spent([name[0] for name in names])
                answers.update(zip(names, (mark == _FRESH for mark in fresh), strict=True))
        except RedisError as error:
            raise StoreUnavailable(f"Redis is away: {type(error).__name__}") from error
        return answers

    async def _spent(self, keys: Sequence[str]) -> bytes:
        """Spend the nonces of one app, whose keys lie in one slot of a cluster; one letter for each."""
        try:
            return cast("bytes", await self._redis.evalsha(_SPEND_SHA, len(keys), *keys, NONCE_LIFE_S))
        except NoScriptError:  # the first of all, or Redis has begun anew; nothing was done
            return cast("bytes", await self._redis.eval(_SPEND, len(keys), *keys, NONCE_LIFE_S))
