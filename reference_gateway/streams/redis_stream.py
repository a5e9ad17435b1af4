"""
The outbox as a Redis Stream.

One script appends a whole batch or nothing, and refuses the batch of a leader whose term is over: the newest term that
ever wrote stands beside the stream. Keys share a hash tag, so a Redis Cluster keeps them together. Only commands that
Redis 6.2 knows. Losing Redis, or what it holds, loses neither events nor order: the outbox has them until they are
marked, and consumers know a repeated event by its id.
"""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError, ResponseError

from reference_gateway.cancelling import heed_cancellation
from reference_gateway.domain.records import OutboxRow
from reference_gateway.errors import StreamFenced, StreamUnavailable

STREAM = "payproof:{outbox}:events"
FENCE = "payproof:{outbox}:term"
FIELDS = 5
FENCED = "FENCED"
# KEYS: stream, fence. ARGV: term, longest length, then the fields of each event.
_APPEND = f"""
local term = tonumber(ARGV[1])
local newest = tonumber(redis.call('GET', KEYS[2]) or '0')
if term < newest then return redis.error_reply('{FENCED} the term ' .. newest .. ' has begun') end
redis.call('SET', KEYS[2], ARGV[1])
for i = 3, #ARGV, {FIELDS} do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'event_id', ARGV[i], 'type', ARGV[i + 1],
    'app_id', ARGV[i + 2], 'subject_id', ARGV[i + 3], 'payload', ARGV[i + 4], 'term', ARGV[1])
end
return (#ARGV - 2) / {FIELDS}
"""


class RedisStream:
    """Appends events to one stream."""

    name = "redis"

    def __init__(self, url: str, *, length_max: int = 1_000_000, timeout_s: float = 2.0) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=2, timeout=timeout_s, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
        self._redis = Redis.from_pool(pool)
        self._length_max = length_max

    async def open(self) -> None:
        """Nothing to open: a Redis that is away at the start is away, and comes back."""

    async def close(self) -> None:
        await self._redis.aclose()

    async def append(self, events: Sequence[OutboxRow], *, term: int) -> None:
        """
        Append *events* in this order.

        Raises:
            StreamFenced: a later term has begun.
            StreamUnavailable: nobody knows whether they were appended; append them again.
        """
        fields: list[str | bytes] = []
        for event in events:
            fields += (event.event_id, event.type, event.app_id, event.subject_id, event.payload)
        try:
            await self._redis.eval(_APPEND, 2, STREAM, FENCE, str(term), str(self._length_max), *fields)
            heed_cancellation()
        except ResponseError as error:
            if str(error).startswith(FENCED):
                raise StreamFenced(str(error)) from error
            raise StreamUnavailable(f"Redis refused the events: {error}") from error
        except (RedisError, OSError) as error:
            raise StreamUnavailable(f"Redis is away: {type(error).__name__}") from error
