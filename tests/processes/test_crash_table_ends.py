"""
The crash table's third part: money that moves at the channel alone, a freeze that is captured and a payment reversed.
"""

import asyncio
import signal

import pytest

from harness.gather import settle_world
from reference_gateway.crash import PLACES
from tests.processes.crash_world import PATIENCE_S, CrashWorld
from tests.processes.ending_stories import CAPTURED_FEN, TILL_FEN, capture_story, reversal_story
from tests.processes.test_crash_table import STORIES, flow

pytestmark = pytest.mark.processes
CAPTURES = [place for place in PLACES if STORIES[flow(place)] is capture_story]
REVERSALS = [place for place in PLACES if STORIES[flow(place)] is reversal_story]


@pytest.fixture(scope="module")
def stage():
    with asyncio.Runner() as runner:
        world = CrashWorld()
        runner.run(world.open())
        try:
            yield runner, world
        finally:
            runner.run(world.close())


async def channel_fen(world: CrashWorld, name: str) -> list[int]:
    """What each posting of the story's only payment moved at its channel."""
    [payment] = [row for row in await world.merchant.exported() if name in row["merchant_order_no"]]
    ledger = await world.call("GET", f"/api/v1/payments/{payment['id']}/ledger")
    return [entry["amount_fen"] for entry in ledger["entries"] if entry["account"].startswith("channel:")]


async def captured_at_the_provider(world: CrashWorld) -> int:
    return len([1 async for trade in world.world.control.trades() if trade.paid_fen == CAPTURED_FEN])


@pytest.mark.parametrize("place", CAPTURES)
def test_a_capture_survives_a_kill_at(stage, place):
    runner, world = stage

    async def round_():
        name, before = world.world.ids.next_label(), await captured_at_the_provider(world)
        assert await world.die_at(place, capture_story, name) == -signal.SIGKILL
        await world.live()
        await capture_story(world, name)
        assert await world.world.settle(patience_s=20)
        assert await captured_at_the_provider(world) == before + 1
        assert await channel_fen(world, name) == [CAPTURED_FEN]

    runner.run(round_())


@pytest.mark.parametrize("place", REVERSALS)
def test_a_reversal_survives_a_kill_at(stage, place):
    runner, world = stage

    async def round_():
        name = world.world.ids.next_label()
        assert await world.die_at(place, reversal_story, name) == -signal.SIGKILL
        await world.live()
        await reversal_story(world, name)
        # What the provider gave back is found by whoever takes up the dead one's lease, and that is later.
        assert await settle_world(world.world, patience_s=PATIENCE_S)
        [trade] = [trade async for trade in world.world.control.trades() if name in trade.label]
        assert (trade.paid_fen, trade.refunded_fen) == (TILL_FEN, TILL_FEN)
        assert await channel_fen(world, name) == [TILL_FEN, -TILL_FEN]

    runner.run(round_())
