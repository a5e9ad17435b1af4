"""
Starting one process: what to run (`ProcessSpec`), the port that runs it (`Launcher`), and the launcher that execs.

It refuses to know why a process is wanted, whether it is ready and what to do when it ends: that is the supervisor's.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.world.lifeline import ExitWatch, Lifeline, Tie

CHILD = Path(__file__).with_name("child.py")

# Asked again and again with the process's pid until it says yes.
Probe = Callable[[int], Awaitable[bool]]


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """The user that a process runs as."""

    uid: int
    gid: int


@dataclasses.dataclass(frozen=True, slots=True)
class PythonMain:
    """
    A Python server: `python -m module argv`, or `module.main(argv)` in a fork of a warmed process.
    """

    module: str
    argv: tuple[str, ...] = ()

    def command(self) -> tuple[str, ...]:
        """
        The same as a command line.
        """
        return (sys.executable, "-m", self.module, *self.argv)


class ReadyLine:
    """The process prints one JSON object with `"event": "ready"` on stdout when it listens."""


READY_LINE = ReadyLine()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """
    One named process.

    Args:
        run: a command line, or a Python server.
        env: the whole environment; None inherits ours.
        identity: the user to become; only root can ask for it.
        death_signal: what it gets when its supervisor dies; anything but SIGKILL must end it surely.
        ready: READY_LINE, a probe, or None for a process that is ready as soon as it runs.
        restart: start it again whenever it ends without having been stopped.
        before_start: awaited before every start; makes the place clean after a kill -9.
        attempts: starts in a row that may fail before it is given up.
        comeback_attempts: the same for a start after it had been ready; what it needs may be coming back as well.
        pass_fds: file descriptors that it inherits under the same numbers.
    """

    name: str
    run: Sequence[str] | PythonMain
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    identity: Identity | None = None
    death_signal: signal.Signals = signal.SIGKILL
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    ready: ReadyLine | Probe | None = READY_LINE
    ready_timeout_s: float = 120.0
    restart: bool = False
    before_start: Callable[[], Awaitable[None]] | None = None
    attempts: int = 1
    comeback_attempts: int | None = None
    pass_fds: tuple[int, ...] = ()

    def command(self) -> list[str]:
        """
        What to exec.
        """
        return list(self.run.command() if isinstance(self.run, PythonMain) else self.run)


class Handle(Protocol):
    """One running process."""

    pid: int

    @property
    def exit_status(self) -> int | None:
        """
        None while it runs; the exit code, or minus the signal that ended it.
        """
        ...

    async def wait(self) -> int:
        """
        Wait for its end.
        """
        ...

    def send(self, number: signal.Signals) -> None:
        """
        Send a signal; a process that has ended gets none.
        """
        ...


class Launcher(Protocol):
    """Starts processes whose lives are tied to ours."""

    async def launch(self, spec: ProcessSpec, *, stdout: int, stderr: int) -> Handle:
        """
        Start *spec*, its output going to the two file descriptors, which remain the caller's.
        """
        ...


class ExecLauncher:
    """Execs through `child.py`, which drops the user and ties the life."""

    def __init__(self, lifeline: Lifeline) -> None:
        self._lifeline = lifeline

    async def launch(self, spec: ProcessSpec, *, stdout: int, stderr: int) -> Handle:
        reading, writing = os.pipe()
        try:
            process = subprocess.Popen(  # noqa: ASYNC220, S603 - a fork is quick, and the plan is ours
                [sys.executable, "-I", "-S", str(CHILD), str(reading)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[reading, *spec.pass_fds],
            )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        # The child waits for its plan, so that a watchdog knows of it before it becomes a server.
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            if self._lifeline.tie is Tie.WATCHDOG:
                self._lifeline.protect(process.pid, spec.death_signal)
            # Somebody may have killed it already; its handle will say so.
            with contextlib.suppress(BrokenPipeError):
                pipe.write(json.dumps(self._plan(spec)).encode() + b"\n")
        return ExecHandle(process, self._lifeline)

    def _plan(self, spec: ProcessSpec) -> dict[str, Any]:
        return {
            "parent": os.getpid(),
            "argv": spec.command(),
            "env": None if spec.env is None else dict(spec.env),
            "cwd": None if spec.cwd is None else str(spec.cwd),
            "uid": None if spec.identity is None else spec.identity.uid,
            "gid": None if spec.identity is None else spec.identity.gid,
            "death_signal": int(spec.death_signal) if self._lifeline.tie is Tie.KERNEL else 0,
        }


class ExecHandle:
    """A child of this process."""

    def __init__(self, process: subprocess.Popen[bytes], lifeline: Lifeline) -> None:
        self.pid = process.pid
        self._process = process
        self._lifeline = lifeline
        self._ended = asyncio.Event()
        ExitWatch(process.pid, self._reap)

    @property
    def exit_status(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        await self._ended.wait()
        status = self._process.returncode
        assert status is not None
        return status

    def send(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)

    def _reap(self) -> None:
        self._process.wait()
        self._lifeline.forget(self.pid)
        self._ended.set()
