"""The crash table's second half: wallets, red packets and payouts, reckoned between ledger and simulator."""

import asyncio
import signal

import pytest

from reference_gateway.crash import PLACES
from tests.processes.crash_world import CrashWorld
from tests.processes.test_crash_table import STORIES, flow, live_story

pytestmark = pytest.mark.processes

BALANCED = """
    SELECT coalesce(sum(e.amount_fen), 0) AS rest, min(a.balance_fen) AS least
    FROM ledger_entries AS e CROSS JOIN ledger_accounts AS a
"""
HELD = "SELECT coalesce(sum(amount_fen), 0) AS fen FROM ledger_entries WHERE account = 'channel:alipay'"
PAID_OUT = "SELECT coalesce(sum(amount_fen), 0) AS fen FROM payouts WHERE status = 'SUCCEEDED'"
DOUBLE = "SELECT posting_key FROM ledger_transactions GROUP BY posting_key HAVING count(*) > 1"


@pytest.fixture(scope="module")
def stage():
    with asyncio.Runner() as runner:
        world = CrashWorld()
        runner.run(world.open())
        try:
            yield runner, world
        finally:
            runner.run(world.close())


async def reckon(world: CrashWorld) -> None:
    """What the provider's book holds for us is what the ledger says, and nothing was made or lost in between."""
    [balanced] = await world.sql(BALANCED)
    assert balanced["rest"] == 0
    assert balanced["least"] >= 0
    assert await world.sql(DOUBLE) == []
    paid_fen = sum([trade.paid_fen - trade.refunded_fen async for trade in world.world.control.trades()])
    gone = [payout async for payout in world.world.control.payouts()]
    gone_fen = sum(payout.amount_fen for payout in gone if payout.settled_at is not None)
    [held] = await world.sql(HELD)
    [out] = await world.sql(PAID_OUT)
    assert held["fen"] == paid_fen - gone_fen
    assert out["fen"] == gone_fen


@pytest.mark.parametrize("place", [place for place in PLACES if STORIES.get(flow(place)) is live_story])
def test_the_live_rooms_survive_a_kill_at(stage, place):
    runner, world = stage

    async def round_():
        name = world.world.ids.next_label()
        assert await world.die_at(place, live_story, name) == -signal.SIGKILL
        await world.live()
        await live_story(world, name)
        assert await world.world.settle(patience_s=20)
        await reckon(world)

    runner.run(round_())
