"""
A hunt: so many stories out of one seed, counted as they are lived, and the shortest story that breaks the gateway.

The same seed thinks of the same stories. It refuses to know where they are lived, and how a find is told.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky, HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from harness.errors import GatewaySilentError
from harness.machines.chance import chance_of
from harness.machines.explorer import Explorer, Ground, Lived
from harness.machines.interrupts import interrupts
from harness.machines.moves import flat
from harness.machines.shorten import shorten
from harness.verdict import FindingError

THOROUGH = 30
BLOB = re.compile(r"@reproduce_failure\('(?P<version>[^']+)', b'(?P<blob>[^']*)'\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntPlan:
    """
    Args:
        examples: how many stories, at most; a find ends the hunt.
        steps: how many rules a story has, at most.
        shrinks: whether a find is told as shortly as possible; without, it is told as it was met.
    """

    seed: int = 1
    examples: int = 100
    steps: int = 50
    shrinks: bool = True


@dataclass(slots=True)
class Hunted:
    """
    What came of it.

    Args:
        examples, steps: of the hunt itself; what was tried to shorten a find is not counted.
        exchanging: the steps in which the gateway was asked, called or was notified.
        thorough: the stories with at least thirty of them.
        silent: why the gateway could not be asked any more, when it fell silent.
        first: the story that broke as it was met, and on which one it was.
        found: the shortest that was come to.
        blob: how Hypothesis repeats the first, with its version: `6.170.15 AXic…`.
        unsteady: the story that broke did not break when it was told again.
    """

    examples: int = 0
    steps: int = 0
    exchanging: int = 0
    thorough: int = 0
    paid: int = 0
    unsettled: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    moves: Counter[str] = field(default_factory=Counter)
    silent: str = ""
    first: Lived | None = None
    found: Lived | None = None
    blob: str = ""
    unsteady: bool = False

    @property
    def steps_per_s(self) -> float:
        """
        In the machine's time, everything included.
        """
        return self.steps / self.wall_s if self.wall_s else 0.0

    def add(self, lived: Lived) -> None:
        """
        Count one story, and what broke in it.
        """
        if self.first is None:
            self.examples += 1
            self.steps += lived.steps
            self.paid += lived.paid
            self.unsettled += not lived.settled and not lived.findings
            self.exchanging += lived.exchanging
            self.thorough += lived.exchanging >= THOROUGH
            self.moves.update(move.what for move in flat(lived.story.moves))
        if lived.findings:
            self.first = self.first or lived
            self.found = lived


def hunt(ground: Ground, plan: HuntPlan, *, tell: Callable[[Lived], None] = lambda _: None) -> Hunted:
    """
    Think of stories and live them, until one breaks the gateway or there have been enough.

    Args:
        tell: told of each story of the hunt proper, for progress and for the grid.
    """
    hunted = Hunted()

    def hear(lived: Lived) -> None:
        interrupted()
        counts = hunted.first is None
        hunted.add(lived)
        if counts:
            hunted.wall_s, hunted.cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
            tell(lived)

    machine = type("Stories", (Explorer,), {"ground": ground, "seed": plan.seed, "hear": staticmethod(hear)})
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    try:
        with chance_of(plan.seed) as backend, interrupts() as interrupted:
            wanted = _settings(plan, backend=backend)
            try:
                run_state_machine_as_test(hypothesis.seed(plan.seed)(machine), settings=wanted)
            except FindingError as error:
                hunted.blob = _blob(error)
            if plan.shrinks and hunted.found is not None:
                hunted.found = shorten(hunted.found, ground, pause=interrupted)
    except GatewaySilentError as silence:
        hunted.silent = str(silence)
    except (Flaky, HypothesisException):
        if hunted.first is None:
            raise
        # In real time a story is never quite the same twice; what it broke was broken all the same.
        hunted.found, hunted.unsteady = hunted.first, True
    return hunted


def _settings(plan: HuntPlan, *, backend: str) -> settings:
    return settings(
        backend=backend,
        max_examples=plan.examples,
        stateful_step_count=plan.steps,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def _blob(error: BaseException) -> str:
    for note in getattr(error, "__notes__", ()):
        found = BLOB.search(note)
        if found is not None:
            return f"{found['version']} {found['blob']}"
    return ""
