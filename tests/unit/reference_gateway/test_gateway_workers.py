"""Workers: what they do when what they do goes wrong."""

import asyncio
from typing import Any

import pytest

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from reference_gateway.errors import StoreUnavailable
from reference_gateway.service.runtime import Bell
from reference_gateway.service.workers import STORE_AWAY_S, Worker
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
