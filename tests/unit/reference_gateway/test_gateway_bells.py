"""
Bells: work that is there wakes a worker at once; work of a later day only one that would sleep past it.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from reference_gateway.service.runtime import Bell

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(seconds=5), NOW + timedelta(seconds=60)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wakes_at", "due_at", "woken"),
    [
        (SOON, None, True),
        (SOON, LATER, False),
        (SOON, SOON, False),
        (LATER, SOON, True),
        (LATER, NOW, True),
        (None, LATER, True),
    ],
)
async def test_who_is_up_in_time_anyway_sleeps_on(wakes_at, due_at, woken):
    bell = Bell()
    sleeping = asyncio.create_task(bell.wait(60.0, wakes_at=wakes_at))
    await asyncio.wait([sleeping], timeout=0)
    bell.ring(due_at)
    await asyncio.wait([sleeping], timeout=0.05)

    assert (sleeping.done(), bell.rung) == (woken, woken)
    sleeping.cancel()


def test_a_ring_while_the_worker_works_is_never_lost():
    bell = Bell()
    bell.ring(LATER)

    assert bell.rung
