"""Redis forgets or dies, and PostgreSQL is killed, while buyers pay: errors are clean, and no fen is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from redis.asyncio import Redis

from harness.verdict import Verdict
from tests.processes.crash_world import CrashWorld
from tests.processes.outage_load import Load

pytestmark = pytest.mark.processes

Outage = Callable[[CrashWorld, Load], Coroutine[Any, Any, None]]


async def redis_forgets(world: CrashWorld, load: Load) -> None:
    """FLUSHALL, twice; what was signed before it is sent once more after it."""
    redis = Redis.from_url(world.world._parts.redis_url)
    try:
        for taken in (16, 48):
            await load.until(taken)
            await redis.flushall()
            again = await load.send(*load.sent[0])
            assert (again.status, again.body["code"]) == (401, "nonce_replayed")
    finally:
        await redis.aclose()


async def redis_dies(world: CrashWorld, load: Load) -> None:
    """SIGKILL, twice; it comes back with nothing."""
    for taken in (16, 48):
        await load.until(taken)
        await world.world.supervisor.kill("redis")
        again = await load.send(*load.sent[0])
        assert (again.status, again.body["code"]) == (401, "nonce_replayed")


async def postgres_dies(world: CrashWorld, load: Load) -> None:
    """SIGKILL of the postmaster, twice; it recovers by itself."""
    for taken in (16, 48):
        await load.until(taken)
        await world.world.supervisor.kill("postgres")


async def played(outage: Outage) -> tuple[Load, dict[str, str], Any]:
    """Buy and pay while *outage* happens; then let the dust settle and audit."""
    world = CrashWorld()
    await world.open()
    try:
        load = Load(world)
        async with asyncio.TaskGroup() as both:
            both.create_task(load.run())
            both.create_task(outage(world, load))
        settled, report = await world.judge()
        assert settled
        return load, await load.standing(), report
    finally:
        await world.close()


@pytest.mark.parametrize("outage", [redis_forgets, redis_dies, postgres_dies], ids=lambda outage: outage.__name__)
def test_an_outage_loses_no_payment_and_doubles_none(outage):
    load, standing, report = asyncio.run(played(outage))
    assert report.verdict is Verdict.PASS, (report.reasons, report.findings)
    assert len(standing) == load.people * load.orders
    assert set(standing.values()) == {"PAID"}
    refused = Counter(answer.status for answer in load.answers if answer.status >= 400)
    assert set(refused) <= ({503} if outage is postgres_dies else set()), refused
