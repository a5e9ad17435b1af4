from itertools import pairwise
from typing import Any

import pytest

from loadtests.dispatcher import Queue
from loadtests.shapes import SHAPES, SPIKE, VISITORS, Schedule, Segment
from loadtests.users import PREPARE, VISITS

SCHEDULED = [shape for shape in SHAPES.values() if shape.schedule is not None]


def scheduled(name, rate, duration_s):
    make = SHAPES[name].schedule
    assert make is not None
    return make(rate, duration_s)


@pytest.mark.parametrize("shape", SCHEDULED, ids=lambda shape: shape.name)
def test_every_arrival_has_its_moment_in_order(shape):
    schedule = shape.schedule(50, 40)
    moments = list(schedule.moments())

    assert len(moments) == schedule.arrivals
    assert schedule.duration_s == pytest.approx(40)
    assert [number for number, _ in moments] == list(range(len(moments)))
    assert all(earlier <= later for (_, earlier), (_, later) in pairwise(moments))
    assert moments[0][1] == pytest.approx(0)
    assert moments[-1][1] <= 40


@pytest.mark.parametrize("shape", SCHEDULED, ids=lambda shape: shape.name)
def test_workers_share_a_schedule_and_leave_nothing_out(shape):
    schedule = shape.schedule(30, 20)
    shared = sorted(moment for worker in range(3) for moment in schedule.moments(first=worker, step=3))

    assert shared == list(schedule.moments())


def test_a_steady_rate_is_even():
    moments = [offset_s for _, offset_s in scheduled("steady", 100, 5).moments()]

    assert len(moments) == 500
    assert all(later - earlier == pytest.approx(0.01) for earlier, later in pairwise(moments))


def test_a_spike_is_twenty_times_the_rate_within_a_second():
    schedule = scheduled("spike", 10, 60)
    by_second = [0] * 61
    for _, offset_s in schedule.moments():
        by_second[int(offset_s)] += 1
    first = next(second for second, count in enumerate(by_second) if count > 12)

    assert max(by_second) == pytest.approx(10 * SPIKE, abs=1)
    assert by_second[first + 2] == pytest.approx(10 * SPIKE, abs=1)
    assert by_second[0] == pytest.approx(10, abs=1)
    assert by_second[50] == pytest.approx(10, abs=1)
    assert schedule.rate_at(1.0) == 10
    assert schedule.rate_at(61) == 0


def test_a_ramp_ends_twenty_times_higher_than_it_began():
    schedule = Schedule((Segment(10, 5, 100),))
    offsets = [offset_s for _, offset_s in schedule.moments()]

    assert len(offsets) == 525
    assert sum(offset_s < 1 for offset_s in offsets) == pytest.approx(10, abs=1)
    assert sum(offset_s >= 9 for offset_s in offsets) == pytest.approx(95, abs=2)


def test_everybody_who_may_come_can_be_sent():
    assert set(VISITS) == VISITORS
    assert set(PREPARE) <= VISITORS
    assert all(set(shape.crowd) <= VISITORS for shape in SHAPES.values())


def test_a_full_house_lets_nobody_in_and_forgets_nobody():
    queue: Any = Queue(2)

    assert [queue.enter(name) for name in "abcd"] == [True, True, False, False]
    assert [queue.following(), queue.following(), queue.following(), queue.following()] == ["c", "d", None, None]
    assert queue.enter("e")
