from dataclasses import replace

import pytest

from harness.load.limits import limits
from harness.load.meter import Meter, Reading, Usage, spent_s
from loadtests.histogram import Histogram
from tests.unit.harness.rows import TickingClock

NO_LAG = Histogram()
PIDS = {"generator": 10, "harness": 11, "gateway": 12, "providers": 13}


def readings(*, seconds=10, **shares):
    """
    A reading a second; each group's process uses that share of a core.
    """
    return [
        Reading(float(at), {PIDS[group]: Usage(group, share * at, 1 << 20) for group, share in shares.items()})
        for at in range(seconds + 1)
    ]


def named(taken, *, lag=NO_LAG, since_s=0.0, until_s=10.0):
    return [limit.name for limit in limits(taken, lag=lag, since_s=since_s, until_s=until_s)]


@pytest.mark.parametrize(
    ("shares", "names"),
    [
        ({"generator": 0.5, "gateway": 1.0, "providers": 0.6}, []),
        ({"generator": 0.95, "gateway": 1.0}, ["generator"]),
        ({"harness": 0.95, "gateway": 0.2}, ["generator"]),
        ({"providers": 0.93}, ["simulator"]),
        ({"generator": 0.92, "providers": 0.97}, ["generator", "simulator"]),
        ({"gateway": 1.9}, []),
    ],
)
def test_who_fills_a_core_is_named_but_for_the_gateway(shares, names):
    assert named(readings(**shares)) == names


def test_the_reason_says_how_full_it_was():
    (limit,) = limits(readings(providers=0.96), lag=NO_LAG, since_s=0, until_s=10)

    assert limit.reason == "the simulator used 96% of its core"


def test_start_up_and_drain_mean_nothing():
    busy, idle = readings(seconds=20, generator=0.99), readings(seconds=20, generator=0.1)

    assert named(busy, since_s=21, until_s=30) == []
    assert named([*busy[:5], *(replace(one, used={10: Usage("generator", 5.0, 0)}) for one in idle[5:])],
                 since_s=5, until_s=20) == []  # fmt: skip


def test_a_spike_of_three_seconds_is_enough():
    taken = []
    for at in range(21):
        used = 0.1 * min(at, 10) + 1.0 * max(min(at - 10, 3), 0) + 0.1 * max(at - 13, 0)
        taken.append(Reading(float(at), {10: Usage("generator", used, 0)}))

    assert named(taken, until_s=20) == ["generator"]


def test_a_late_dispatcher_is_named():
    late, punctual = Histogram(), Histogram()
    for number in range(100):
        late.add(0.060 if number > 97 else 0.001)
        punctual.add(0.040)

    assert named([], lag=late) == ["schedule"]
    assert named([], lag=punctual) == []


def test_two_workers_share_no_core():
    taken = [
        Reading(float(at), {1: Usage("generator", 0.6 * at, 0), 2: Usage("generator", 0.6 * at, 0)}) for at in range(9)
    ]

    assert named(taken) == []
    assert spent_s(taken) == {"generator": pytest.approx(9.6)}


def test_a_process_that_came_later_counts_from_its_own_beginning():
    first, second = Reading(0.0, {}), Reading(1.0, {5: Usage("generator", 0.7, 0)})

    assert spent_s([first, second]) == {"generator": pytest.approx(0.7)}


def test_the_meter_reads_this_very_process(tmp_path):
    import os  # noqa: PLC0415 - a process to look at

    meter = Meter(
        lambda: {"harness": [os.getpid()], "gone": [2**22 + 1]},
        clock=TickingClock(),
        file=tmp_path / "processes.ndjson",
    )
    meter.look()
    meter.look()
    meter.readings.close()

    assert meter.spent_s()["harness"] >= 0
    *_, last = meter.readings
    assert last.memory()["harness"] > 1 << 20
    assert "gone" not in last.memory()


def test_what_the_meter_read_stands_on_disk_and_can_be_gone_through_again(tmp_path):
    taken = readings(seconds=4, generator=0.5, gateway=0.9)
    meter = Meter(dict, clock=TickingClock(), file=tmp_path / "processes.ndjson")
    for one in taken:
        meter.readings.append(one)
    meter.readings.close()

    assert list(meter.readings) == taken
    assert list(meter.readings) == taken
    assert meter.spent_s(since_s=2) == {"generator": pytest.approx(1.0), "gateway": pytest.approx(1.8)}
