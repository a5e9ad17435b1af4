"""
`payproof check`: the catalogue against a gateway, a line for each requirement and channel, and one verdict.

The reference gateway is tried in process, on virtual time, its cases spread over the machine's cores.
"""

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import structlog

from harness.cases import CASES, Case
from harness.commands.session import Session, open_session
from harness.errors import ConfigError, GatewaySilentError
from harness.events import Progressed, Resulted, RunEnded, RunStarted
from harness.history import History
from harness.ids import Ids
from harness.settings import HarnessSettings
from harness.sut.reference import ReferenceGateway
from harness.trial import Can, Played, Result, Tally, cases_for, chosen, missing, play, results, silent, verdict_of
from harness.verdict import Verdict, exit_code
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop

REFERENCE = "reference"
# Four days of the world's own time: the longest ladder, and the gateway's retries after it.
PATIENCE_S = 4 * 86_400.0
COUNTED = (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NON_STRICT, Verdict.NOT_RUN, Verdict.KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """
    Args:
        prefixes: which requirements; all of them when empty.
        gateway: "reference", so far.
    """

    prefixes: tuple[str, ...] = ()
    gateway: str = REFERENCE
    seed: int = 1
    as_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """One case over one channel, for whichever process plays it."""

    case: str
    channel: str
    seed: int
    credentials: Path
    history: Path


def run_check(plan: CheckPlan, *, settings: HarnessSettings) -> int:
    """
    Try the gateway and return the exit code.

    Raises:
        ConfigError: no requirement has such a name, or no such gateway is known.
    """
    requirements = chosen(plan.prefixes)
    if not requirements:
        raise ConfigError(
            f"no requirement begins with {', '.join(plan.prefixes)}", hint="`payproof list requirements` shows them all"
        )
    if plan.gateway != REFERENCE:
        raise ConfigError(f"no gateway is called {plan.gateway}", hint=f"known: {REFERENCE}")
    with open_session(settings, seed=plan.seed, as_json=plan.as_json) as session:
        facts = {"gateway": plan.gateway, "seed": str(plan.seed), "run": str(session.run_dir)}
        session.announce(RunStarted(title="payproof check", facts=facts))
        can = Can(
            abilities=ReferenceGateway.abilities,
            moves=InProcessWorld.moves,
            channels=ReferenceGateway.channels,
            world=InProcessWorld.name,
        )
        tally = Tally()
        errands = _errands(plan, cases_for(requirements), can=can, session=session)
        for done, played in enumerate(_played(errands), start=1):
            tally.add(played)
            session.announce(Progressed(what="cases", done=done, total=len(errands)))
        return _told(plan, results(requirements, tally, can), session=session)


def _told(plan: CheckPlan, found: Sequence[Result], *, session: Session) -> int:
    for result in found:
        session.announce(Resulted(result=result))
    verdict = verdict_of(found)
    summary: Mapping[str, Any] = {
        "verdict": verdict.value,
        "gateway": plan.gateway,
        "seed": plan.seed,
        "counts": {name.value: sum(result.verdict is name for result in found) for name in COUNTED},
        "results": [dict(result.to_json()) for result in found],
    }
    session.keep("summary.json", summary)
    session.keep("findings.json", [dict(result.finding.to_json()) for result in found if result.finding is not None])
    session.announce(RunEnded(verdict=verdict, summary=summary, shown=("counts",)))
    return exit_code(verdict)


def _errands(plan: CheckPlan, cases: Iterable[Case], *, can: Can, session: Session) -> list[_Errand]:
    folder = session.run_dir / "cases"
    errands = []
    for channel in can.channels:
        (folder / channel).mkdir(parents=True, exist_ok=True)
        errands += [
            _Errand(
                case=case.name,
                channel=channel,
                seed=plan.seed,
                credentials=session.home.credentials,
                history=folder / channel / f"{case.name}.ndjson",
            )
            for case in cases
            if channel in case.channels and not missing(case, can)
        ]
    return errands


def _played(errands: Sequence[_Errand]) -> Iterable[Played]:
    """
    Play them all, as many at a time as there are cores. A few are played here: starting others costs a second each.
    """
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
    if workers < 2 or len(errands) < 2 * workers:
        yield from map(_do, errands)
        return
    # The first makes the keys that all others use.
    yield _do(errands[0])
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("forkserver")) as pool:
        for future in as_completed([pool.submit(_do, errand) for errand in errands[1:]]):
            yield future.result()


def _do(errand: _Errand) -> Played:
    """
    Play one case in a world of its own, on a loop of its own.
    """
    case = next(case for case in CASES if case.name == errand.case)
    # Stdout belongs to the report; what the gateway logs of lies that it refused is no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_in_world(case, errand))


async def _in_world(case: Case, errand: _Errand) -> Played:
    ids = Ids(errand.seed, run_nonce="check")
    world = await InProcessWorld.open(InProcessPlan(credentials=errand.credentials, ids=ids))
    history = History(world.clock, file=errand.history, real=world.clock)
    replay = f"payproof check {{id}} --gateway {REFERENCE} --seed {errand.seed}"
    try:
        return await play(case, errand.channel, world, history=history, patience_s=PATIENCE_S, replay=replay)
    except GatewaySilentError as problem:
        return silent(case, errand.channel, problem)
    finally:
        history.close()
        await world.close()
