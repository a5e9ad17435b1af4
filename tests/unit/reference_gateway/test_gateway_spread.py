"""Who takes how much of the work that is due."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from reference_gateway.metrics import Metrics
from reference_gateway.service.capacity.spread import Alone, Spread, parts_by_weight
from tests.unit.reference_gateway.support import BASE


@pytest.mark.parametrize(
    ("loads", "parts"),
    [
        ({"a": 0.0}, {"a": 1.0}),
        ({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5}),
        # Weights 10 and 1.
        ({"idle": 0.0, "busy": 0.9}, {"idle": 10 / 11, "busy": 1 / 11}),
        ({"idle": 0.0, "idle too": 0.0, "full": 1.9}, {"idle": 20 / 41, "idle too": 20 / 41, "full": 1 / 41}),
    ],
)
def test_work_is_spread_by_one_over_load_and_a_tenth(loads, parts):
    assert parts_by_weight(loads) == pytest.approx(parts)


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 100), min_size=1, max_size=8))
def test_all_work_is_spread_and_who_is_idler_takes_no_less(loads):
    parts = parts_by_weight(loads)
    assert sum(parts.values()) == pytest.approx(1.0)
    for one in loads:
        for other in loads:
            assert (loads[one] >= loads[other]) or (parts[one] >= parts[other])


class Told(Alone):
    several = True

    def __init__(self, others):
        self.others = others
        self.left = []

    async def report(self, instance, load):
        return {**self.others, instance: load}

    async def leave(self, instance):
        self.left.append(instance)


def spread_of(instances, load=0.0):
    return Spread("me", instances, load=lambda: load, clock=VirtualClock(BASE), metrics=Metrics())


def test_the_bite_follows_the_others_and_is_never_nothing():
    async def story():
        told = Told({"other": 0.0})
        spread = spread_of(told, load=5.0)
        assert spread.bite(64) == 64
        spread.start()
        await VirtualClock(BASE).sleep(0.5)
        assert spread.bite(64) == 1
        told.others = {"other": 5.0}
        await VirtualClock(BASE).sleep(1)
        assert spread.bite(64) == 32
        await spread.stop()
        assert told.left == ["me"]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())


def test_who_is_alone_asks_nobody():
    async def story():
        spread = spread_of(Alone())
        spread.start()
        assert len(asyncio.all_tasks()) == 1
        await spread.stop()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())
