"""
The processes of a world: started by name, known to be ready, kept alive where that is wanted, stopped in order.

Every child's life is tied to this process, so a kill -9 here leaves nothing behind. Must be used from one long-lived
thread, because the kernel ties a child to the thread that forked it. It refuses to know what the processes do.
"""

import asyncio
import contextlib
import dataclasses
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from harness.clock import Clock, SystemClock
from harness.errors import UnknownProcessError
from harness.world.launch import ExecLauncher, Launcher, ProcessSpec
from harness.world.lifeline import Lifeline, Tie
from harness.world.supervised import OnEvent, Supervised
from harness.world.virtual_loop import hold


class Supervisor:
    """
    Starts, watches and stops processes; `async with` stops them all at the end, the newest first.

    Args:
        logs: a folder; each process writes `<name>.log` there.
        launcher: how processes start unless `start` is told otherwise; by exec.
        tie: how children learn of our death; the system's best by default.
        on_event: told of starts, exits and the rest, on the loop.
    """

    def __init__(
        self,
        logs: Path,
        *,
        launcher: Launcher | None = None,
        tie: Tie | None = None,
        clock: Clock | None = None,
        on_event: OnEvent = lambda _event: None,
    ) -> None:
        self.logs = logs
        self.lifeline = Lifeline(tie)
        self.exec_launcher = ExecLauncher(self.lifeline)
        self._launcher = launcher if launcher is not None else self.exec_launcher
        self._clock = clock if clock is not None else SystemClock()
        self._on_event = on_event
        self._processes: dict[str, Supervised] = {}
        self._closers: list[Callable[[], None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def __getitem__(self, name: str) -> Supervised:
        try:
            return self._processes[name]
        except KeyError:
            known = ", ".join(self._processes) or "none"
            raise UnknownProcessError(f"no process is called {name}; known: {known}") from None

    async def start(self, spec: ProcessSpec, *, launcher: Launcher | None = None) -> Supervised:
        """
        Start a process and wait until it is ready; a name that was stopped may be started anew.

        Raises:
            ServerStartError: it did not become ready.
        """
        former = self._processes.pop(spec.name, None)
        if former is not None:
            await former.stop()
        self.logs.mkdir(parents=True, exist_ok=True)
        process = Supervised(
            spec,
            launcher=launcher if launcher is not None else self._launcher,
            log=self.logs / f"{spec.name}.log",
            clock=self._clock,
            on_event=self._on_event,
        )
        self._processes[spec.name] = process
        with hold():
            try:
                await process.start()
            except BaseException:
                await process.stop()
                del self._processes[spec.name]
                raise
        return process

    async def run(self, spec: ProcessSpec) -> int:
        """
        Run something to its end and return its exit status; its output goes to its log.
        """
        process = await self.start(dataclasses.replace(spec, ready=None, restart=False))
        try:
            with hold():
                return await process.wait()
        finally:
            await self.stop(spec.name)

    async def stop(self, name: str | None = None) -> None:
        """
        Stop one process, or all of them, the newest first. A cancellation waits until that is done.
        """
        await _shielded(self._stop_all() if name is None else self._stop_one(name))

    async def kill(self, name: str, *, stay: bool = False) -> None:
        """
        SIGKILL one process and wait until it is dead.

        Args:
            stay: dead until it is restarted, even where its spec would start it again.
        """
        with hold():
            await self[name].kill(stay=stay)

    async def restart(self, name: str) -> None:
        """
        Stop one process if it runs, start it again and wait until it is ready.
        """
        process = self[name]
        with hold():
            await process.stop()
            await process.start()

    def at_stop(self, close: Callable[[], None]) -> None:
        """
        Call *close* when all processes have been stopped.
        """
        self._closers.append(close)

    def pause(self, name: str) -> None:
        """
        SIGSTOP. A paused process cannot hear that we died, so the watchdog listens for it.
        """
        process = self[name]
        self.lifeline.protect(process.pid, process.spec.death_signal)
        process.send(signal.SIGSTOP)
        process.paused = True
        process.say("paused")

    def resume(self, name: str) -> None:
        """
        SIGCONT.
        """
        process = self[name]
        process.send(signal.SIGCONT)
        process.paused = False
        process.say("resumed")

    async def _stop_one(self, name: str) -> None:
        with hold():
            await self[name].stop()
        del self._processes[name]

    async def _stop_all(self) -> None:
        for name in reversed(list(self._processes)):
            await self._stop_one(name)
        while self._closers:
            self._closers.pop()()
        self.lifeline.close()


async def _shielded(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


@contextlib.asynccontextmanager
async def stop_signals(*numbers: signal.Signals) -> AsyncIterator[asyncio.Event]:
    """
    While inside, Ctrl-C and SIGTERM (or *numbers*) set the event instead of ending the process.
    """
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    chosen = numbers or (signal.SIGINT, signal.SIGTERM)
    for number in chosen:
        loop.add_signal_handler(number, told.set)
    try:
        yield told
    finally:
        for number in chosen:
            loop.remove_signal_handler(number)
