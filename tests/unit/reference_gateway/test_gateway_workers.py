"""Workers: what they do when what they do goes wrong."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from reference_gateway.domain.due import NextDue
from reference_gateway.errors import StoreUnavailable
from reference_gateway.service.runtime import Bell
from reference_gateway.service.workers import QUIET_PACES, STORE_AWAY_S, Worker
from reference_gateway.store.memory_unit_of_work import MemoryStore
from tests.unit.reference_gateway.support import BASE


class Told:
    """As much of a runtime as a worker needs."""

    def __init__(self, clock):
        self.clock, self.units, self.pulse, self.metrics = clock, MemoryStore(), Bell(), self

    def working(self, name, value): ...


def played(mistakes):
    """How a worker fares whose first rounds make these mistakes: (rounds, busy, complaints, seconds)."""
    complaints = []

    async def story():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
        told: Any = Told(VirtualClock(BASE))
        left, rounds = list(mistakes), []

        async def round_():
            rounds.append(loop.time())
            if left:
                raise left.pop(0)
            return False

        worker = Worker("poller", told, bell=Bell(), round_=round_, due=lambda due: due.polls)
        await told.units.open()
        worker.start()
        await told.clock.sleep(10)
        busy = worker.busy
        await worker.stop()
        return len(rounds), busy, complaints, rounds[-1]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story())


@pytest.mark.parametrize(
    ("mistakes", "complaints"),
    [
        ([], []),
        ([StoreUnavailable("away"), StoreUnavailable("still away")], []),
        ([ValueError("not expected")], ["worker poller died"]),
        ([ValueError("not expected"), KeyError("nor this")], ["worker poller died"] * 2),
    ],
)
def test_whatever_goes_wrong_the_work_is_taken_up_again_a_little_later(mistakes, complaints):
    rounds = len(mistakes) + 1

    assert played(mistakes) == (rounds, False, complaints, pytest.approx(len(mistakes) * STORE_AWAY_S))


class Asked(MemoryStore):
    """A store with a pace, which counts how often it is asked what is due."""

    pace_s = 0.01

    def __init__(self, due):
        super().__init__()
        self.due, self.questions = due, 0

    def __call__(self):
        unit: Any = super().__call__()

        async def next_due():
            self.questions += 1
            return NextDue(*[self.due] * len(NextDue.__dataclass_fields__))

        unit.next_due = next_due
        return unit


def test_a_worker_that_is_rung_again_and_again_asks_the_store_only_when_it_is_left_alone():
    async def story():
        told: Any = Told(VirtualClock(BASE))
        told.units = Asked(BASE + timedelta(seconds=30))
        rounds, bell = [], Bell()

        async def round_():
            rounds.append(asyncio.get_running_loop().time())
            return False

        worker = Worker("poller", told, bell=bell, round_=round_, due=lambda due: due.polls)
        worker.start()
        for _ in range(20):
            await told.clock.sleep(QUIET_PACES * told.units.pace_s / 2)
            bell.ring()
        asked_while_busy = told.units.questions
        await told.clock.sleep(20)
        await worker.stop()
        return asked_while_busy, len(rounds), told.units.questions

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(story()) == (0, 21, 1)
