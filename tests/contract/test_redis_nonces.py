"""Nonces in a real Redis: fast when it is there, right when it is not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import TimeoutError as RedisTimeoutError

from reference_gateway.clock import SystemClock
from reference_gateway.service.nonces import SqlNonces
from reference_gateway.store.memory_unit_of_work import MemoryStore
from reference_gateway.store.redis_nonces import RedisNonces

pytestmark = pytest.mark.asyncio


class CountingTruth(SqlNonces):
    """The store's nonces, counting how often they are asked."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), SystemClock())
        self.asked = 0

    async def spend(self, app_id: str, nonce: str, *, durable: bool) -> bool:
        self.asked += 1
        return await super().spend(app_id, nonce, durable=durable)


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    await client.flushall()
    try:
        yield client
    finally:
        await client.aclose()


@pytest_asyncio.fixture
async def nonces(redis: Redis, redis_url: str) -> AsyncIterator[tuple[RedisNonces, CountingTruth]]:
    truth = CountingTruth()
    made = RedisNonces(redis_url, truth)
    await made.open()
    try:
        yield made, truth
    finally:
        await made.close()


async def test_a_nonce_is_spent_once_and_forgotten_in_time(nonces, redis):
    made, truth = nonces
    assert await made.spend("live", "nonce-1", durable=True)
    assert not await made.spend("live", "nonce-1", durable=True)
    assert await made.spend("rival", "nonce-1", durable=True)
    assert truth.asked == 2
    assert 600 < await redis.ttl("payproof:{live}:nonce:nonce-1") <= 660


async def test_a_read_does_not_trouble_the_store(nonces):
    made, truth = nonces
    assert await made.spend("live", "nonce-1", durable=False)
    assert not await made.spend("live", "nonce-1", durable=True)
    assert truth.asked == 0


async def test_a_redis_that_forgot_lets_no_change_in_twice(nonces, redis):
    made, _ = nonces
    assert await made.spend("live", "nonce-1", durable=True)
    await redis.flushall()
    assert not await made.spend("live", "nonce-1", durable=True)


async def test_two_hundred_at_once_share_a_few_connections_and_one_gets_in(nonces):
    made, _ = nonces
    answers = await asyncio.gather(*(made.spend("live", "nonce-1", durable=True) for _ in range(200)))
    assert sum(answers) == 1


async def test_answers_that_got_lost_are_not_asked_for_again(nonces, monkeypatch):
    made, truth = nonces
    execute = Pipeline.execute

    async def and_lose_the_answer(pipe: Pipeline) -> list[object]:
        await execute(pipe)
        monkeypatch.setattr(Pipeline, "execute", execute)
        raise RedisTimeoutError("no answer in time")

    monkeypatch.setattr(Pipeline, "execute", and_lose_the_answer)
    answers = await asyncio.gather(*(made.spend("live", f"nonce-{number}", durable=True) for number in range(8)))

    assert answers == [True] * 8
    assert truth.asked == 8


async def test_without_redis_the_store_decides(tmp_path: Path):
    truth = CountingTruth()
    made = RedisNonces(f"unix://{tmp_path / 'nobody.sock'}", truth)
    await made.open()
    try:
        assert await made.spend("live", "nonce-1", durable=False)
        assert not await made.spend("live", "nonce-1", durable=True)
        assert truth.asked == 2
    finally:
        await made.close()
