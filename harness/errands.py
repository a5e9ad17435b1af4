"""
Cases played in process, each in a world of its own, spread over the machine's cores.

An errand is plain data, so that any process can take it. It refuses to know what the judgements are for.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path

import structlog

from harness.cases import CASES, Case
from harness.errors import GatewaySilentError
from harness.history import History
from harness.ids import Ids
from harness.trial import Played, play, silent, wire_file
from harness.world.virtual_loop import VirtualLoop

# Four days of the world's own time: the longest ladder, and the gateway's retries after it.
PATIENCE_S = 4 * 86_400.0
# A broken gateway may ask for ever and never come to rest; the longest ladder is over by then.
PATIENCE_WITH_MUTANTS_S = 26 * 3_600.0
WORKERS_MAX = 8
BY_NAME = {case.name: case for case in CASES}
# What every worker needs before its first errand, a second of imports.
NEEDED = ("harness.world.in_process", "harness.gallery", "harness.playing", "harness.errands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """
    One case over one channel.

    Args:
        mutant: the gallery gateway to try; empty for the reference.
        patience_s: how long the dust may take, in the world's own time; until the longest ladder is over when None.
        history: the file to keep; None keeps none.
    """

    case: str
    channel: str
    seed: int
    credentials: Path
    history: Path | None = None
    mutant: str = ""
    patience_s: float | None = None


def run_errands(errands: Sequence[Errand]) -> Iterator[tuple[Errand, Played]]:
    """
    Run them all, as many at a time as there are cores. A few are run here: starting others costs a second each.
    """
    workers = min(cores(), WORKERS_MAX)
    if workers < 2 or len(errands) < 2 * workers:
        yield from ((errand, _run(errand)) for errand in errands)
        return
    # The first makes the keys that all others use.
    yield errands[0], _run(errands[0])
    with ProcessPoolExecutor(max_workers=workers, mp_context=warmed(), initializer=end_with_parent) as pool:
        waiting = {pool.submit(_run, errand): errand for errand in errands[1:]}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        finally:
            # Whoever has heard enough does not wait for what is left.
            pool.shutdown(wait=False, cancel_futures=True)


def cores() -> int:
    """
    How many processors there are for us.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def warmed() -> ForkServerContext:
    """
    Where workers come from: forks of a process that has imported what they need, once for all of them.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", *NEEDED])
    return context


def end_with_parent() -> None:
    """
    See to it that this worker ends with whoever wanted it, also after a kill -9, of which it hears nothing by itself.
    """
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()


def be_silent() -> None:
    """
    For a process that has the gateway in it: stdout belongs to the report, and what a gateway logs of lies that it
    refused is no news.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _run(errand: Errand) -> Played:
    be_silent()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_in_world(BY_NAME[errand.case], errand))


async def _in_world(case: Case, errand: Errand) -> Played:
    # Both other rooms come with them, and whoever only sends errands out can do without.
    from harness.gallery import MUTANTS  # noqa: PLC0415
    from harness.world.in_process import InProcessPlan, InProcessWorld  # noqa: PLC0415

    ids = Ids(errand.seed, run_nonce="check")
    plan = InProcessPlan(credentials=errand.credentials, ids=ids, settings=case.bounds)
    if errand.mutant:
        plan = replace(plan, parts=MUTANTS[errand.mutant].parts())
    world = await InProcessWorld.open(plan)
    history = History(world.clock, file=errand.history, real=world.clock)
    replay = f"payproof check {{id}} --gateway {errand.mutant or 'reference'} --seed {errand.seed}"
    patience_s = errand.patience_s or (PATIENCE_WITH_MUTANTS_S if errand.mutant else PATIENCE_S)
    try:
        wire = None if errand.history is None else wire_file(errand.history)
        return await play(case, errand.channel, world, history=history, patience_s=patience_s, replay=replay, wire=wire)
    except GatewaySilentError as problem:
        return silent(case, errand.channel, problem)
    finally:
        history.close()
        await world.close()
