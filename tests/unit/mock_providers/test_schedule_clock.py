"""
The schedule clock: dues in their order, whatever is scheduled on the way.
"""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.world.virtual_loop import VirtualLoop
from mock_providers.core.clock import Job, ScheduleClock
from tests.unit.mock_providers.turns import turn

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Stamp:
    def now(self) -> datetime:
        return T0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the schedule clock never sleeps on the stamp clock")


def still_clock() -> ScheduleClock:
    clock = ScheduleClock(Stamp(), rate=0.0)
    clock.start()
    return clock


def note(log: list[tuple[str, float]], name: str, clock: ScheduleClock) -> Job:
    async def job() -> None:
        log.append((name, clock.now_s))

    return job


@pytest.mark.asyncio
async def test_advance_runs_dues_in_order_and_at_their_time():
    clock = still_clock()
    log: list[tuple[str, float]] = []
    for name, due in (("c", 30.0), ("a", 10.0), ("b", 20.0), ("z", 99.0)):
        clock.call_at(due, note(log, name, clock))
    await clock.advance(50.0)
    assert log == [("a", 10.0), ("b", 20.0), ("c", 30.0)]
    assert clock.now() == T0 + timedelta(seconds=50)
    assert clock.pending == 1
    await clock.stop()


@pytest.mark.asyncio
async def test_what_is_scheduled_on_the_way_takes_its_turn():
    clock = still_clock()
    log: list[tuple[str, float]] = []

    async def first() -> None:
        await turn()
        clock.call_at(15.0, note(log, "between", clock))

    clock.call_at(10.0, first)
    clock.call_at(20.0, note(log, "last", clock))
    await clock.advance(60.0)
    assert log == [("between", 15.0), ("last", 20.0)]
    await clock.stop()


@pytest.mark.asyncio
async def test_until_idle_stops_where_nothing_is_left():
    clock = still_clock()
    log: list[tuple[str, float]] = []
    clock.call_at(10.0, note(log, "a", clock))
    await clock.advance(1000.0, until_idle=True)
    assert log == [("a", 10.0)]
    assert clock.now_s == 10.0
    await clock.stop()


@pytest.mark.asyncio
async def test_a_cancelled_job_never_runs_and_a_started_one_cannot_be_cancelled():
    clock = still_clock()
    log: list[tuple[str, float]] = []
    gone = clock.call_at(10.0, note(log, "gone", clock))
    now = clock.call_at(0.0, note(log, "now", clock))
    assert clock.cancel(gone)
    assert not clock.cancel(gone)
    assert not clock.cancel(now)
    assert clock.pending == 1
    await clock.advance(20.0)
    assert log == [("now", 0.0)]
    await clock.stop()


@pytest.mark.asyncio
async def test_a_cancelled_first_due_does_not_bring_the_second_forward():
    clock = ScheduleClock(Stamp(), rate=1000.0)
    clock.start()
    log: list[tuple[str, float]] = []
    done = asyncio.Event()

    async def second() -> None:
        await note(log, "second", clock)()
        done.set()

    clock.cancel(clock.call_at(10.0, note(log, "first", clock)))
    clock.call_at(50.0, second)
    await asyncio.wait_for(done.wait(), 5)
    ((name, at_s),) = log
    assert name == "second"
    assert at_s >= 50.0
    await clock.stop()


@pytest.mark.asyncio
async def test_rate_makes_time_flow_faster_and_zero_holds_it():
    clock = still_clock()
    rung = asyncio.Event()

    async def ring() -> None:
        rung.set()

    clock.call_at(3600.0, ring)
    assert clock.now_s == 0.0
    clock.rate = 1e6
    await asyncio.wait_for(rung.wait(), 5)
    clock.rate = 0.0
    stood_s = clock.now_s
    assert stood_s >= 3600.0
    await turn()
    assert clock.now_s == stood_s
    await clock.stop()


@pytest.mark.asyncio
async def test_stop_ends_what_runs():
    clock = still_clock()
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    clock.call_at(0.0, endless)
    await turn()
    await clock.stop()
    assert ended == ["cancelled"]
    assert clock.pending == 0


class MillisecondLoop(VirtualLoop):
    """
    As uvloop tells the time: in whole milliseconds, and it goes on between two questions; timers are set in them too.
    """

    def time(self) -> float:
        self._offset_s += 7e-6
        return math.floor(self._offset_s * 1000) / 1000

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        now_s = self.time()
        return super().call_at(now_s + round((when - now_s) * 1000) / 1000, callback, *args, context=context)


@pytest.mark.parametrize("wait_s", [0.02, 0.0233])
def test_a_schedule_that_rang_ten_thousand_times_is_where_the_loop_is(wait_s: float):
    async def rings() -> tuple[float, float, list[float]]:
        loop = asyncio.get_running_loop()
        clock, done, early = ScheduleClock(Stamp()), asyncio.Event(), []
        begun_s = loop.time()
        clock.start()
        left = 10_000

        async def ring(due_s: float) -> None:
            nonlocal left
            if clock.now_s < due_s:
                early.append(due_s - clock.now_s)
            left -= 1
            if left:
                next_s = clock.now_s + wait_s
                clock.call_at(next_s, lambda: ring(next_s))
            else:
                done.set()

        clock.call_at(0.0, lambda: ring(0.0))
        await done.wait()
        told_s, flowed_s = clock.now_s, loop.time() - begun_s
        await clock.stop()
        return told_s, flowed_s, early

    with asyncio.Runner(loop_factory=MillisecondLoop) as runner:
        told_s, flowed_s, early = runner.run(rings())

    assert told_s == pytest.approx(flowed_s, abs=0.003)
    assert early == []
