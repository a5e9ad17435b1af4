"""
What calls are measured by: how fast the same core signs, or answers nothing, when it does nothing else.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.bench.replay import replay

REPO = Path(__file__).parents[2]
TIED = Path(__file__).with_name("tied.py")
SECONDS = 1.0
EMPTY_CALLS = 8000
EMPTY = b"POST /pay/unifiedorder HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 400\r\n\r\n" + b"x" * 400


@dataclass(frozen=True, slots=True)
class Mark:
    """
    Args:
        cpu_s: processor time for one.
    """

    per_s: float
    cpu_s: float


def on_core(command: list[str], core: int | None) -> list[str]:
    """
    The same command, which ends when we do, and is held to one core where the system can do that.

    To be started from the main thread, for the kernel ties a child to the thread that forked it.
    """
    held = [] if core is None else ["taskset", "-c", str(core)]
    return [sys.executable, "-I", "-S", str(TIED), str(os.getpid()), *held, *command]


def cores() -> tuple[int | None, int | None]:
    """
    One core for the server, another for who asks; None where there is no way to hold a process to a core.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(1) if os.geteuid() == 0 else os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


@contextmanager
def apart() -> Iterator[int | None]:
    """
    Move to a core of one's own until the block ends, and back: what comes after may want all of them.

    Gives the core that is left to the server; None where a process cannot be held to one.
    """
    core, own_core = cores()
    if own_core is None:
        yield None
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {own_core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


def signatures(kind: str, core: int | None) -> Mark:
    """
    Signatures of one kind.
    """
    command = [sys.executable, "-m", "tools.bench.signs", kind, str(SECONDS)]
    done = subprocess.run(on_core(command, core), capture_output=True, text=True, check=True, cwd=REPO)
    return Mark(**json.loads(done.stdout))


def empty(core: int | None) -> Mark:
    """
    Empty answers of an aiohttp server to a small POST.
    """
    command = [sys.executable, str(Path(__file__).with_name("empty.py"))]
    with subprocess.Popen(on_core(command, core), stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            for calls in (500, EMPTY_CALLS):
                done = asyncio.run(replay(url, [EMPTY] * calls, judge=lambda _: "ok", pid=server.pid))
        finally:
            server.terminate()
    return Mark(done.per_s, done.cpu_s / done.calls)


YARDSTICKS: Mapping[str, Callable[[int | None], Mark]] = {
    "rsa": partial(signatures, "rsa"),
    "sm2": partial(signatures, "sm2"),
    "empty": empty,
}
