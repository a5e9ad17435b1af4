"""A line tells what a newcomer would wait, by its first and, where it is a crowd, by how fast it thins out."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.clock import SystemClock
from reference_gateway.service.capacity.line import Line

CROWD = 10


def run(story: Callable[[Line], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story(Line(crowd=CROWD)))


async def passes(seconds: float) -> None:
    await SystemClock().sleep(seconds)


async def thin_out(line: Line, *, count: int, apart_s: float, first: int = 0) -> None:
    for number in range(first, first + count):
        await passes(apart_s)
        line.leave(number)


def test_nobody_waits_where_nobody_stands():
    async def story(line: Line) -> None:
        assert (len(line), line.crowded, line.wait_s()) == (0, False, 0.0)
        line.leave("a stranger")
        assert line.wait_s() == 0.0

    run(story)


def test_a_few_are_measured_by_their_first():
    async def story(line: Line) -> None:
        for number in range(CROWD):
            line.join(number)
            await passes(1)
        assert not line.crowded
        assert line.wait_s() == pytest.approx(CROWD)
        line.leave(0)
        assert line.wait_s() == pytest.approx(CROWD - 1)

    run(story)


def test_a_crowd_is_measured_by_the_rate_at_which_it_thins_out():
    async def story(line: Line) -> None:
        for number in range(1000):
            line.join(number)
        await thin_out(line, count=100, apart_s=0.01)
        # A hundred left in a second; the 900 who stand there need nine, though the first has waited for one only.
        assert line.wait_s() == pytest.approx(9.0, rel=0.05)

    run(story)


def test_how_fast_a_few_were_served_says_nothing_about_a_crowd():
    async def story(line: Line) -> None:
        line.join("slow")
        await passes(1)
        line.leave("slow")
        for number in range(1000):
            line.join(number)
        assert line.crowded
        assert line.wait_s() == 0.0

    run(story)


def test_a_line_that_stands_still_is_told_longer_and_longer():
    async def story(line: Line) -> None:
        for number in range(100):
            line.join(number)
        await thin_out(line, count=20, apart_s=0.01)
        moving_s = line.wait_s()
        await passes(3)
        assert line.wait_s() >= 3.2 > moving_s
        await passes(30)
        assert line.wait_s() >= 33.2

    run(story)


def test_a_crowd_that_leaves_in_great_batches_is_not_taken_for_a_slow_one():
    async def story(line: Line) -> None:
        newcomer, most_s = 0, 0.0
        for _ in range(20):
            while len(line) < 200:
                line.join(newcomer)
                newcomer += 1
            for _ in range(7):
                most_s = max(most_s, line.wait_s())
                await passes(0.1)
            for number in range(newcomer - 200, newcomer):
                line.leave(number)
        # Each batch takes 0.7 s, and who comes while one is under way waits for two of them.
        assert 0.5 < most_s < 1.5

    run(story)


def test_a_line_that_has_become_quicker_is_told_so_within_seconds():
    async def story(line: Line) -> None:
        for number in range(2000):
            line.join(number)
        await thin_out(line, count=20, apart_s=0.1)
        assert line.wait_s() == pytest.approx(198, rel=0.05)
        await thin_out(line, count=1000, apart_s=0.01, first=20)
        assert line.wait_s() < 15

    run(story)
