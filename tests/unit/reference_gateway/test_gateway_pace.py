"""Turns that come apart, so that more comes together for each."""

import asyncio
from collections.abc import Mapping

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from reference_gateway.pace import Pace
from reference_gateway.service.nonces import SqlNonces
from reference_gateway.store.group_commit import GroupCommit
from reference_gateway.store.memory_unit_of_work import MemoryStore
from tests.unit.reference_gateway.support import BASE

APART_S = 0.01


def _run(story):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story())


def test_who_comes_late_never_waits_and_who_comes_early_waits_for_the_rest():
    async def story() -> list[float]:
        loop, pace = asyncio.get_running_loop(), Pace(APART_S)
        begun = []
        for later_s in (0.0, 0.004, 0.5):
            until = loop.time() + later_s
            loop.call_at(until, (come := asyncio.Event()).set)
            await come.wait()
            await pace.turn()
            begun.append(round(loop.time() - until, 6))
        return begun

    assert _run(story) == [0.0, 0.006, 0.0]


def test_a_pace_of_nothing_gives_no_turn_away():
    async def story() -> float:
        pace, before_s = Pace(0), asyncio.get_running_loop().time()
        for _ in range(100):
            await pace.turn()
        return asyncio.get_running_loop().time() - before_s

    assert _run(story) == 0


def test_batches_keep_their_pace_and_full_ones_do_not_wait():
    async def story() -> tuple[list[int], float]:
        sizes: list[int] = []

        async def apply(batch: Mapping[int, int]) -> Mapping[int, int]:
            sizes.append(len(batch))
            return batch

        commits: GroupCommit[int, int, int] = GroupCommit(apply, batch_max=3, pace_s=APART_S)
        begun_s = asyncio.get_running_loop().time()
        await commits.submit(0, 0)
        await asyncio.gather(*(commits.submit(number, number) for number in range(1, 6)))
        return sizes, round(asyncio.get_running_loop().time() - begun_s, 6)

    assert _run(story) == ([1, 3, 2], APART_S)


class Paced(MemoryStore):
    """A store with a pace, as the one that commits to disk has it."""

    pace_s = 2 * APART_S


def test_a_nonce_waits_half_of_the_pace_for_everybody_stands_at_that_door_first():
    async def story() -> float:
        nonces = SqlNonces(Paced(), VirtualClock(BASE))
        begun_s = asyncio.get_running_loop().time()
        for nonce in ("first", "second", "third"):
            assert await nonces.spend("app", nonce, durable=True)
        return round(asyncio.get_running_loop().time() - begun_s, 6)

    assert _run(story) == 2 * APART_S
