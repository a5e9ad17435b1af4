"""
One worker: a whole simulator for its merchants, told by one line on stdin what it is; when stdin ends, so does it.

The line comes from the parent that holds the other end of the pipe, so a parent that dies, however it dies, takes its
workers along.
"""

import asyncio
import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mock_providers.app import Place, build
from mock_providers.core.numbers import Numbers
from mock_providers.core.wire.identities import merchant_folders
from mock_providers.process import log_to_stderr, loop_factory, ready_line, spare_the_old
from mock_providers.settings import ProvidersSettings
from mock_providers.workers.sharing import Neighbours

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a worker is told.

    Args:
        settings: with ports that are numbers; those of the control API are the worker's own.
        folder: where connections are handed over.
    """

    settings: dict[str, Any]
    index: int
    count: int
    folder: str


def main() -> int:
    """
    Serve until stdin ends or SIGTERM comes.

    Returns:
        The exit code.
    """
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops its workers in order
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return 0
    log_to_stderr()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(Plan(**orjson.loads(line))))
    return 0


async def _serve(plan: Plan) -> None:
    settings = ProvidersSettings(**plan.settings)
    numbers = Numbers(plan.index, plan.count)
    folders = merchant_folders(settings.credentials_dir, settings.merchants or settings.workers)
    neighbours = Neighbours(Path(plan.folder), numbers, folders)
    simulator = build(settings, place=Place(folders[plan.index :: plan.count], numbers, neighbours))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    os.set_blocking(sys.stdin.fileno(), False)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    await simulator.start()
    neighbours.start()
    spare_the_old()
    sys.stdout.buffer.write(ready_line(simulator))
    sys.stdout.buffer.flush()
    await stop.wait()
    await neighbours.stop()
    await simulator.stop()


def _die_with_parent() -> None:
    """Linux sees to it even while this process is stopped or busy; elsewhere the end of stdin has to do."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
