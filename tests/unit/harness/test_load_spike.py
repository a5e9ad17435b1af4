from dataclasses import replace

import pytest

from harness.load.spike import spike_of
from tests.unit.harness.test_load_figures import PLAN, figures
from tests.unit.harness.test_load_record import line

# Five seconds of lead and one of rise, five of spike, and what follows.
SPIKE = replace(PLAN, shape="spike", rate=10, duration_s=26.0)


def played(*, settled_late_until=13):
    made = figures(statuses={})
    for second in range(26):
        place = "1000" if 6 <= second < 11 else "826"
        latency = {"max_us": 10**7, "buckets": {place: 100}}
        statuses = {"202": 120, "429": 80} if 6 <= second < 11 else {"201": 10}
        made.record.add(line(second, statuses=statuses, latency=latency))
        lag_s = 3.0 if 7 <= second < settled_late_until else 0.05
        made.books.settle_by_second[second].add(lag_s, 10)
    return made


def test_a_spike_is_told_by_its_parts():
    told = spike_of(SPIKE, played())

    assert told is not None
    assert (told["wanted_per_s"], told["accepted_per_s"], told["refused_per_s"]) == (200, 120, 80)
    assert told["p99_during_ms"] > told["p99_before_ms"]
    assert told["p99_ratio"] == 1.0


@pytest.mark.parametrize(("until", "drained_s"), [(11, 0), (13, 2), (21, 10), (26, None)])
def test_the_backlog_is_felt_until_settling_is_as_usual(until, drained_s):
    told = spike_of(SPIKE, played(settled_late_until=until))

    assert told is not None
    assert told["drained_s"] == drained_s


def test_other_shapes_have_no_spike():
    assert spike_of(PLAN, figures()) is None
