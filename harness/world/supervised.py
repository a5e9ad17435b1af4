"""
One named process through all its generations: started, known to be ready, kept alive, stopped.

It refuses to know of other processes; their order is the supervisor's business.
"""

import asyncio
import dataclasses
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.clock import Clock
from harness.errors import ServerStartError, UnknownProcessError
from harness.world.launch import Handle, Launcher, ProcessSpec, ReadyLine
from harness.world.output import Output

PROBE_INTERVAL_S = 0.005
# Pauses before the second, third, … attempt: 20, 40, 80 ms and so on.
RETRY_PAUSE_S = 0.02
NO_ANSWER: Mapping[str, Any] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, slots=True)
class ProcessEvent:
    """Something happened to a process: started, exited, killed, paused, resumed, stopped, failed."""

    name: str
    what: str
    pid: int
    status: int | None = None
    text: str = ""


OnEvent = Callable[[ProcessEvent], None]


class _EndedEarlyError(ServerStartError):
    """It ended before it was ready: another attempt may go better."""


class Supervised:
    """
    One named process through all its generations; made by `Supervisor.start`.
    """

    def __init__(self, spec: ProcessSpec, *, launcher: Launcher, log: Path, clock: Clock, on_event: OnEvent) -> None:
        self.spec = spec
        self.log = log
        self.generation = 0
        self.ready: Mapping[str, Any] = NO_ANSWER
        self.failure: ServerStartError | None = None
        self.paused = False
        self._launcher = launcher
        self._clock = clock
        self._on_event = on_event
        self._handle: Handle | None = None
        self._output: Output | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._wanted = False

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int:
        """
        The pid of the newest generation.
        """
        return self._living().pid

    @property
    def exit_status(self) -> int | None:
        """
        None while the newest generation runs; else its exit code, or minus the signal that ended it.
        """
        return self._living().exit_status

    async def start(self) -> None:
        """
        Run the next generation and wait until it is ready.

        Raises:
            ServerStartError: it ended or stayed silent, as often as the spec allows.
        """
        self._wanted = True
        await self._start_generation(self.spec.attempts)
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """
        End it gracefully, or by force when it does not end in time; stopping twice is harmless.
        """
        self._wanted = False
        if self._handle is not None:
            await self._end(self._handle)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        # The keeper may have been in the middle of a new start.
        if self._handle is not None:
            await self._end(self._handle)
            self.say("stopped")
        self._close_output()

    async def wait(self) -> int:
        """
        Wait until the present generation has ended.
        """
        return await self._living().wait()

    async def ready_after(self, generation: int) -> None:
        """
        Wait until a generation later than *generation* is ready.

        Raises:
            ServerStartError: it was given up.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self.generation > generation or self.failure is not None)
        if self.failure is not None:
            raise self.failure

    async def kill(self, *, stay: bool = False) -> None:
        """
        SIGKILL, and wait until it is dead. Where the spec says restart, the next generation follows by itself, unless
        it is to *stay* dead until it is started.
        """
        handle = self._living()
        if stay:
            self._wanted = False
        self.say("killed")
        handle.send(signal.SIGKILL)
        await handle.wait()

    def send(self, number: signal.Signals) -> None:
        """
        Send a signal to the newest generation.
        """
        self._living().send(number)

    def say(self, what: str, text: str = "") -> None:
        """
        Tell whoever listens to the supervisor.
        """
        handle = self._living()
        self._on_event(ProcessEvent(self.name, what, handle.pid, handle.exit_status, text))

    def _living(self) -> Handle:
        if self._handle is None:
            raise UnknownProcessError(f"{self.name} was never started")
        return self._handle

    async def _keep(self) -> None:
        attempts = self.spec.attempts if self.spec.comeback_attempts is None else self.spec.comeback_attempts
        while True:
            await self._living().wait()
            self._close_output()
            if not self._wanted:
                return
            self.say("exited")
            if not self.spec.restart:
                return
            try:
                await self._start_generation(attempts)
            except ServerStartError as failure:
                async with self._changed:
                    self.failure = failure
                    self._changed.notify_all()
                self.say("failed", str(failure))
                return

    async def _start_generation(self, attempts: int) -> None:
        for attempt in range(attempts):
            if attempt:
                await self._clock.sleep(RETRY_PAUSE_S * 2 ** (attempt - 1))
            try:
                await self._attempt()
            except _EndedEarlyError:
                if attempt + 1 == attempts:
                    raise
                continue
            break
        async with self._changed:
            self.generation += 1
            self.failure = None
            self._changed.notify_all()
        self.say("started")

    async def _attempt(self) -> None:
        if self.spec.before_start is not None:
            await self.spec.before_start()
        self._close_output()
        output = self._output = Output(self.log)
        stdout, stderr = output.fds
        handle = self._handle = await self._launcher.launch(self.spec, stdout=stdout, stderr=stderr)
        output.launched()
        self.paused = False
        try:
            self.ready = await self._become_ready(handle, output)
        except BaseException:
            handle.send(signal.SIGKILL)
            await handle.wait()
            self._close_output()
            raise

    async def _become_ready(self, handle: Handle, output: Output) -> Mapping[str, Any]:
        ended = asyncio.ensure_future(handle.wait())
        try:
            async with asyncio.timeout(self.spec.ready_timeout_s):
                return await self._first_sign(handle, output, ended)
        except TimeoutError:
            said = self._account(f"was not ready within {self.spec.ready_timeout_s:g} s", output)
            raise ServerStartError(said, hint=f"its log is {self.log}") from None
        finally:
            ended.cancel()

    async def _first_sign(self, handle: Handle, output: Output, ended: "asyncio.Future[int]") -> Mapping[str, Any]:
        ready = self.spec.ready
        signs: set[asyncio.Future[Any]] = {ended, output.ready}
        while True:
            if ended.done():
                said = self._account(f"ended before it was ready ({_how(ended.result())})", output)
                raise _EndedEarlyError(said, hint=f"its log is {self.log}")
            if ready is None:
                return NO_ANSWER
            if isinstance(ready, ReadyLine):
                await asyncio.wait(signs, return_when=asyncio.FIRST_COMPLETED)
                if output.ready.done():
                    return output.ready.result()
            elif await ready(handle.pid):
                return NO_ANSWER
            else:
                await asyncio.wait({ended}, timeout=PROBE_INTERVAL_S)

    def _account(self, what: str, output: Output) -> str:
        tail = output.tail()
        return f"{self.name} {what}" + (f":\n{tail}" if tail else "")

    async def _end(self, handle: Handle) -> None:
        handle.send(self.spec.stop_signal)
        if self.paused:
            handle.send(signal.SIGCONT)
            self.paused = False
        try:
            async with asyncio.timeout(self.spec.stop_timeout_s):
                await handle.wait()
        except TimeoutError:
            handle.send(signal.SIGKILL)
            await handle.wait()

    def _close_output(self) -> None:
        if self._output is not None:
            self._output.close()
            self._output = None


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
