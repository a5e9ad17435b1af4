"""
Starts the load generator as processes of its own and waits for their end; importing Locust would patch ours.

Their exit codes mean nothing here: the record says what was sent, the audit what became of it.
"""

import asyncio
import contextlib
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import LoadError
from harness.settings import child_environment
from harness.world.launch import ExecLauncher, Handle, ProcessSpec
from harness.world.lifeline import Lifeline

REPO = Path(__file__).resolve().parents[2]
LOCUSTFILE = REPO / "loadtests" / "locustfile.py"
# Beyond the run itself: start-up, visitors who wait for their money, and the answers that are still out.
GRACE_S = 60.0
MASTER_PORT = 5557
GOES_FIRST = -10

OnStart = Callable[[int], None]


def _unheard(pid: int) -> None:
    del pid


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorRun:
    """
    One run of a generator.

    Args:
        url: the gateway's base URL.
        values: what `PAYPROOF_LOAD_*` will say, without the prefix.
        log_file: takes what the generator prints.
        workers: so many processes, beside a master where there is more than one.
        web: Locust's own page, at its usual address.
        master: workers on other machines join; none are started here.
        on_start: told the pid of each process.
    """

    url: str
    values: Mapping[str, str]
    duration_s: float
    log_file: Path
    workers: int = 1
    web: bool = False
    master: bool = False
    on_start: OnStart = _unheard

    @property
    def distributed(self) -> bool:
        return self.master or self.workers > 1


async def run_locust(run: GeneratorRun) -> None:
    """
    Run it to its end; a generator that outstays its time is ended.

    Raises:
        LoadError: Locust is not installed.
    """
    _need_locust()
    front = ["--web-host", "127.0.0.1", "--autostart", "--autoquit", "1"] if run.web else ["--headless"]
    common = ["-u", str(run.workers), "-r", str(run.workers), "--host", run.url, "--only-summary"]
    first = [*_locust(), *front, *common]
    others: list[list[str]] = []
    if run.distributed:
        # Workers of this machine alone need no door to others.
        bind = "*" if run.master else "127.0.0.1"
        first += ["--master", "--master-bind-host", bind, "--expect-workers", str(run.workers)]
        others = [] if run.master else [_worker("127.0.0.1")] * run.workers
    await _together(run, [first, *others])


async def run_light(run: GeneratorRun) -> None:
    """
    Run the light generator to its end.
    """
    await _together(run, [[sys.executable, "-m", "loadtests.light", run.url]])


async def join_master(host: str, run: GeneratorRun) -> None:
    """
    Work for a master on another machine until it has had enough.
    """
    _need_locust()
    await _together(run, [_worker(host)])


def _need_locust() -> None:
    if importlib.util.find_spec("locust") is None:
        raise LoadError("Locust is not installed", hint="`pip install --require-hashes -r requirements/load.txt`")


def _locust() -> list[str]:
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]


def _worker(host: str) -> list[str]:
    return [*_locust(), "--worker", "--master-host", host, "--master-port", str(MASTER_PORT)]


def _go_first(pid: int) -> None:
    """
    Whoever keeps a schedule goes before whoever is measured by it, where the system lets us say so (it asks for root).
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, GOES_FIRST)


async def _together(run: GeneratorRun, commands: Sequence[Sequence[str]]) -> None:
    env = child_environment(
        **{f"PAYPROOF_LOAD_{name.upper()}": value for name, value in run.values.items()}, PYTHONPATH=str(REPO)
    )
    lifeline = Lifeline()
    launcher = ExecLauncher(lifeline)
    with run.log_file.open("ab") as log:
        processes: list[Handle] = []
        try:
            for command in commands:
                # Its life is tied to ours: a generator that outlived us would go on paying.
                spec = ProcessSpec(name="generator", run=command, env=env, cwd=REPO)
                processes.append(await launcher.launch(spec, stdout=log.fileno(), stderr=log.fileno()))
                _go_first(processes[-1].pid)
                run.on_start(processes[-1].pid)
            async with asyncio.timeout(run.duration_s + GRACE_S):
                await asyncio.gather(*(process.wait() for process in processes))
        except TimeoutError:
            pass  # what they wrote so far is judged
        finally:
            for process in processes:
                process.send(signal.SIGKILL)
                await process.wait()
            lifeline.close()
