"""
The moments of a timeline: each at its time or when those before it are done, and no restart keeps its own help away.
"""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from harness.history import History
from harness.script.schema import Scenario
from harness.script.stage import Stage
from harness.script.traffic import at_their_times
from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop

PATIENCE_S = 100.0


def happened(*moments, restart_s=0.0, until_resumed=False):
    """When each moment began, in seconds; a restart takes so long, or until somebody is resumed."""
    told = {"id": "crash/one", "title": "One", "purpose": "Nothing.", "requirements": ["money/credited-amount"]}
    scenario = Scenario.model_validate({**told, "world": "processes", "instances": 2, "timeline": list(moments)})
    begun: list[tuple[str, float]] = []

    async def story():
        loop, resumed = asyncio.get_running_loop(), asyncio.Event()
        clock = VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))

        async def do(_stage, step):
            begun.append((step.verb, loop.time()))
            if step.verb == "resume":
                resumed.set()
            elif step.verb == "restart":
                await clock.sleep(restart_s)
                if until_resumed:
                    await resumed.wait()

        history = History(clock, real=clock)
        stage = Stage(scenario=scenario, world=SimpleNamespace(clock=clock), history=history, announce=lambda _: None)
        async with asyncio.timeout(PATIENCE_S):
            await at_their_times(stage, scenario.timeline, begun=clock.now(), do=do)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())
    return [(verb, pytest.approx(at_s)) for verb, at_s in begun]


def test_a_moment_comes_at_its_time():
    assert happened({"at": "1s", "kill": {}}, {"at": "3s", "restart": {}}) == [("kill", 1), ("restart", 3)]


def test_whoever_comes_after_a_restart_waits_until_it_is_done():
    moments = {"at": "1s", "restart": "postgres"}, {"at": "2s", "restart": "gateway"}, {"at": "6s", "kill": {}}

    assert happened(*moments, restart_s=3) == [("restart", 1), ("restart", 4), ("kill", 7)]


def test_a_restart_that_needs_what_is_given_back_later_is_not_waited_for():
    moments = {"at": "1s", "restart": "gateway-1"}, {"at": "2s", "resume": "gateway-2"}, {"at": "3s", "kill": {}}

    assert happened(*moments, until_resumed=True) == [("restart", 1), ("resume", 2), ("kill", 3)]
