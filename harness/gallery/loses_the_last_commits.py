"""
"A commit need not wait for the disk": what was committed last is gone after a crash.
"""

import copy
from collections import deque

from harness.gallery.around import AroundStore, AroundUnit, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway import Parts
from reference_gateway.service.unit_of_work import UnitOfWorkFactory
from reference_gateway.store.memory_state import MemoryState

LOST_COMMITS = 2


def _parts() -> Parts:
    flushed: deque[MemoryState] = deque(maxlen=LOST_COMMITS + 1)

    class Around(AroundUnit):
        """Every commit is answered before it is safe."""

        async def commit(self) -> None:
            await self._inner.commit()
            flushed.append(copy.deepcopy(within(self._inner, "_state")))

    class Store(AroundStore):
        async def open(self) -> None:
            if flushed:
                plant(self._inner, "state", flushed[0])
            await self._inner.open()

    def around(inner: UnitOfWorkFactory) -> AroundStore:
        return Store(inner, Around)

    return {"around_store": around}


MUTANT = Mutant(
    id="loses-the-last-commits",
    bug="answers before its commits are safe: a crash takes the last ones with it",
    parts=_parts,
    must_be_convicted_by=(
        "crash/around-the-notify",
        "crash/while-refunding",
        "crash/while-opening",
        "spike/killed",
    ),
    tried_in=("killed-around-the-notify", "killed-while-refunding", "killed-while-opening", "spike-killed"),
)
