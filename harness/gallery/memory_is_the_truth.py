"""
"It is all in the cache": what is known of orders lives as long as the process.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.store.memory_unit_of_work import MemoryStore, one_turn

MUTANT = Mutant(
    id="memory-is-the-truth",
    bug="keeps orders in memory only, and comes back knowing nothing",
    parts=lambda: {"around_store": lambda _: MemoryStore(one_turn)},
    must_be_convicted_by=("crash/before-paying", "crash/after-paying", "crash/down-while-paid", "spike/killed"),
    tried_in=("killed-before-paying", "killed-after-paying", "killed-down-while-paid", "spike-killed"),
)
