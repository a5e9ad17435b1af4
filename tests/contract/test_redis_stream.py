"""The outbox in a real Redis Stream: whole batches, in order, and nothing from whose term is over."""

import asyncio

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.crc import key_slot

from reference_gateway.clock import SystemClock
from reference_gateway.errors import StreamFenced, StreamUnavailable
from reference_gateway.store.redis_instances import KEY, RedisInstances
from reference_gateway.streams.redis_stream import FENCE, STREAM, RedisStream
from tests.contract.samples import event

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def redis(redis_url):
    client = Redis.from_url(redis_url)
    await client.flushall()
    try:
        yield client
    finally:
        await client.aclose()


@pytest_asyncio.fixture
async def stream(redis, redis_url):
    made = RedisStream(redis_url)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def told(redis):
    return [fields for _, fields in await redis.xrange(STREAM)]


async def test_a_batch_is_appended_in_order_with_everything_a_consumer_needs(stream, redis):
    await stream.append([event(2, subject_id="pay1"), event(1, subject_id="pay1")], term=3)
    first, second = await told(redis)
    assert (first[b"event_id"], second[b"event_id"]) == (b"ev2", b"ev1")
    assert first == {
        b"event_id": b"ev2",
        b"type": b"payment.paid",
        b"app_id": b"live",
        b"subject_id": b"pay1",
        b"payload": event(2).payload,
        b"term": b"3",
    }


async def test_whose_term_is_over_appends_nothing(stream, redis):
    await stream.append([event(1)], term=2)
    with pytest.raises(StreamFenced):
        await stream.append([event(2), event(3)], term=1)
    assert [fields[b"event_id"] for fields in await told(redis)] == [b"ev1"]
    await stream.append([event(2)], term=2)
    assert len(await told(redis)) == 2


async def test_a_redis_that_forgot_takes_the_present_term(stream, redis):
    await stream.append([event(1)], term=5)
    await redis.flushall()
    await stream.append([event(2)], term=5)
    assert [fields[b"event_id"] for fields in await told(redis)] == [b"ev2"]
    assert await redis.get(FENCE) == b"5"


async def test_a_stream_does_not_grow_without_end(redis, redis_url):
    short = RedisStream(redis_url, length_max=100)
    for batch in range(20):
        await short.append([event(batch * 50 + n) for n in range(50)], term=1)
    assert await redis.xlen(STREAM) < 300
    await short.close()


async def test_a_redis_that_is_away_says_so(tmp_path):
    nobody = RedisStream(f"unix://{tmp_path / 'nobody.sock'}")
    with pytest.raises(StreamUnavailable):
        await nobody.append([event(1)], term=1)
    await nobody.close()


async def test_keys_of_one_script_lie_in_one_slot_of_a_cluster():
    assert key_slot(STREAM.encode()) == key_slot(FENCE.encode())


async def test_instances_know_of_each_other_and_forget_who_leaves_or_dies(redis, redis_url):
    one, two = RedisInstances(redis_url, SystemClock()), RedisInstances(redis_url, SystemClock())
    assert await one.report("i1", 0.5) == {"i1": 0.5}
    assert await two.report("i2", 0.0) == {"i1": 0.5, "i2": 0.0}
    await redis.hset(KEY, "dead", "0.0 1000.0")
    assert await one.report("i1", 0.25) == {"i1": 0.25, "i2": 0.0}
    assert await redis.hexists(KEY, "dead") is False
    await two.leave("i2")
    assert await one.report("i1", 0.25) == {"i1": 0.25}
    await asyncio.gather(one.close(), two.close())


async def test_without_redis_an_instance_thinks_itself_alone(tmp_path):
    lonely = RedisInstances(f"unix://{tmp_path / 'nobody.sock'}", SystemClock())
    assert await lonely.report("i1", 0.5) == {"i1": 0.5}
    await lonely.leave("i1")
    await lonely.close()
