"""Who leads, over a real PostgreSQL and Redis: one at a time, tokens that rise, and terms that end when they must."""

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from reference_gateway.clock import SystemClock
from reference_gateway.store.elections import Pace, SqlElections, _key
from reference_gateway.store.redis_lock import RedisLock
from reference_gateway.store.sql_store import SqlStore

pytestmark = pytest.mark.asyncio
ROLE = "stream-relay"
QUICK = Pace(beat_s=0.05, stale_s=0.6, answer_s=0.5)
PATIENCE_S = 60


@pytest_asyncio.fixture
async def candidate(database_url):
    """Make candidates over one database; each is closed at the end."""
    store = SqlStore(database_url)
    await store.open()
    await store.close()
    async with AsyncExitStack() as stack:

        def made(holder, *, redis_url=None, pace=QUICK):
            hint = RedisLock(redis_url, life_s=pace.stale_s / 2) if redis_url else None
            elections = SqlElections(database_url, holder=holder, clock=SystemClock(), hint=hint, pace=pace)
            stack.push_async_callback(elections.close)
            return elections

        yield made


@pytest_asyncio.fixture
async def redis(redis_url):
    client = Redis.from_url(redis_url)
    await client.flushall()
    try:
        yield client
    finally:
        await client.aclose()


class Reign:
    """A candidate that leads until it is told to stop; `leading` is set while it does."""

    def __init__(self, elections):
        self.leading = asyncio.Event()
        self.tokens = []
        self.over = asyncio.Event()
        self._enough = asyncio.Event()
        self._task = asyncio.create_task(self._run(elections))

    async def _run(self, elections):
        async with elections.term(ROLE) as term:
            self.tokens.append(term.token)
            self.leading.set()
            enough = asyncio.create_task(self._enough.wait())
            ended = asyncio.create_task(term.over())
            await asyncio.wait({enough, ended}, return_when=asyncio.FIRST_COMPLETED)
            enough.cancel()
            ended.cancel()
            self.over.set()

    async def leads(self):
        async with asyncio.timeout(PATIENCE_S):
            await self.leading.wait()
        return self.tokens[-1]

    async def stop(self):
        self._enough.set()
        await self._task


@pytest.mark.parametrize("with_redis", [True, False])
async def test_one_of_three_leads_and_the_next_follows_with_a_higher_token(candidate, redis, redis_url, with_redis):
    url = redis_url if with_redis else None
    reigns = [Reign(candidate(f"i{n}", redis_url=url)) for n in range(3)]
    tokens = []
    waiting = set(reigns)
    while waiting:
        await asyncio.wait([asyncio.create_task(reign.leads()) for reign in waiting], return_when="FIRST_COMPLETED")
        [leader] = [reign for reign in waiting if reign.leading.is_set()]
        tokens.append(leader.tokens[-1])
        await leader.stop()
        waiting.discard(leader)
    assert tokens == sorted(set(tokens))
    assert len(tokens) == 3


async def test_a_candidate_that_is_told_to_go_at_any_moment_goes(candidate, redis, redis_url):
    clock = SystemClock()

    async def stand(elections):
        async with elections.term(ROLE) as term:
            await term.over()

    for turns in range(0, 40, 2):
        standing = asyncio.create_task(stand(candidate(f"i{turns}", redis_url=redis_url)))
        for _ in range(turns):
            await clock.sleep(0)
        standing.cancel()
        await asyncio.wait([standing], timeout=PATIENCE_S)
        assert standing.cancelled(), turns


async def test_redis_alone_makes_nobody_a_leader(candidate, redis, redis_url):
    first = Reign(candidate("i1", redis_url=redis_url))
    await first.leads()
    await redis.flushall()
    second = Reign(candidate("i2", redis_url=redis_url))
    # The second has had the lock of Redis, which forgot, and PostgreSQL refused it.
    async with asyncio.timeout(PATIENCE_S):
        while await redis.get(f"payproof:{{leader:{ROLE}}}:lock") is None:
            pass
    assert not second.leading.is_set()
    assert not first.over.is_set()
    await first.stop()
    assert await second.leads() > first.tokens[-1]
    await second.stop()


async def test_with_redis_away_postgresql_decides(candidate, tmp_path):
    nowhere = f"unix://{tmp_path / 'nobody.sock'}"
    first = Reign(candidate("i1", redis_url=nowhere))
    await first.leads()
    second = Reign(candidate("i2", redis_url=nowhere))
    await first.stop()
    await second.leads()
    await second.stop()


async def test_a_leader_whose_connection_is_cut_stops_and_another_takes_over(candidate, connect):
    first = Reign(candidate("i1"))
    old = await first.leads()
    bare = await connect()
    await bare.execute("SELECT pg_terminate_backend(pid) FROM leaders")
    async with asyncio.timeout(PATIENCE_S):
        await first.over.wait()
    second = Reign(candidate("i2"))
    assert await second.leads() > old
    await first.stop()
    await second.stop()
    await bare.close()


async def test_a_leader_that_has_stopped_beating_is_deposed(candidate, connect):
    """A connection that lives and holds the lock, with nobody behind it: a paused machine."""
    quiet = await connect()
    await quiet.execute("SELECT pg_advisory_lock($1, $2)", 0x70617970, _key(ROLE)["role_key"])
    await quiet.execute(
        "INSERT INTO leaders (role, holder, token, pid, beat_at) VALUES ($1, 'paused', 7, pg_backend_pid(), now())",
        ROLE,
    )
    second = Reign(candidate("i2"))
    assert await second.leads() == 8
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)):
        await quiet.execute("SELECT 1")
    await second.stop()
