"""Counters of limits in Redis: shared by instances, and counted alone while Redis is away."""

from pathlib import Path

import pytest

from reference_gateway.clock import SystemClock
from reference_gateway.domain.limits import Tally
from reference_gateway.service.capacity.limits import LocalCounters
from reference_gateway.store.redis_counters import RedisCounters

pytestmark = pytest.mark.asyncio


def row(name: str, step: int = 1) -> Tally:
    return Tally(f"payproof:{{live}}:limit:test:{name}", step, 10, 60, 60, "buyer", money=False)


async def test_instances_count_together_and_what_is_taken_back_is_not_counted(redis_url: str):
    one, two = (
        RedisCounters(redis_url, LocalCounters(SystemClock())),
        RedisCounters(redis_url, LocalCounters(SystemClock())),
    )
    try:
        name = "together"
        assert await one.add([row(name), row(f"{name}-fen", 300)]) == [1, 300]
        assert await two.add([row(name), row(f"{name}-fen", 50)]) == [2, 350]
        await one.take_back([row(name), row(f"{name}-fen", 50)])
        assert await one.add([row(name)]) == [2]
    finally:
        await one.close()
        await two.close()


async def test_without_redis_an_instance_counts_alone(tmp_path: Path):
    counters = RedisCounters(f"unix://{tmp_path}/none.sock", LocalCounters(SystemClock()))
    try:
        assert [await counters.add([row("alone")]) for _ in range(3)] == [[1], [2], [3]]
        await counters.take_back([row("alone")])
        assert await counters.add([row("alone")]) == [3]
    finally:
        await counters.close()
