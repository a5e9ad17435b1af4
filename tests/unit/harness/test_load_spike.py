from dataclasses import replace

import pytest

from harness.load.spike import spike_of
from tests.unit.harness.test_load_figures import PLAN, figures
from tests.unit.harness.test_load_record import line

# Five seconds of lead and one of rise, five of spike, and what follows.
SPIKE = replace(PLAN, shape="spike", rate=10, duration_s=26.0)


def played(*, credited=10, lasts=26, high=range(6, 11), slow_until=0, cold_until=0):
    """Ten accepted a second, 120 while the spike lasts; the backlog is worked off at *credited* a second from then on."""
    made = figures(statuses={})
    left = 0
    for second in range(lasts):
        spiking = second in high
        slow = spiking or high.stop <= second < slow_until or second < cold_until
        latency = {"max_us": 10**7, "buckets": {"1000" if slow else "826": 100}}
        statuses = {"202": 120, "429": 80} if spiking else {"201": 10}
        made.record.add(line(second, statuses=statuses, latency=latency))
        left += 120 if spiking else 10
        done = min(left, credited if second >= high.stop else 10)
        made.books.credited_by_second[second] = done
        left -= done
    return made


def test_a_spike_is_told_by_its_parts():
    told = spike_of(SPIKE, played(credited=1000))

    assert told is not None
    assert (told["wanted_per_s"], told["accepted_per_s"], told["refused_per_s"]) == (200, 120, 80)
    assert told["p99_during_ms"] > told["p99_before_ms"]
    assert told["p99_ratio"] == 1.0


@pytest.mark.parametrize(
    # 550 are left over, ten more come in each second; up to twenty are no backlog.
    ("credited", "drained_s"),
    [(1000, 0), (280, 1), (145, 3), (50, 13), (40, None), (10, None)],
)
def test_the_backlog_is_felt_until_it_is_as_short_as_it_was(credited, drained_s):
    told = spike_of(SPIKE, played(credited=credited))

    assert told is not None
    assert told["drained_s"] == drained_s


@pytest.mark.parametrize(("slow_until", "again"), [(59, True), (61, False)])
def test_what_comes_after_is_told_from_half_a_minute_after_the_backlog(slow_until, again):
    # Of a hundred seconds the spike is over after 29, and so is its backlog; the last quarter begins after 75.
    made = played(credited=1000, lasts=100, high=range(24, 29), slow_until=slow_until)
    told = spike_of(replace(SPIKE, duration_s=100.0), made)

    assert told is not None
    assert (told["drained_s"], told["p99_ratio"] == 1.0) == (0, again)


@pytest.mark.parametrize(("cold_until", "again"), [(11, True), (12, False)])
def test_what_was_before_is_the_second_half_of_the_lead(cold_until, again):
    # The lead takes 23 seconds.
    made = played(credited=1000, lasts=100, high=range(24, 29), cold_until=cold_until)
    told = spike_of(replace(SPIKE, duration_s=100.0), made)

    assert told is not None
    assert (told["p99_ratio"] == 1.0) is again


def test_other_shapes_have_no_spike():
    assert spike_of(PLAN, figures()) is None
