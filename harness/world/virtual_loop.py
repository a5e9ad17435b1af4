"""
An event loop whose time is virtual while its sockets stay real.

When nothing is ready it moves its own clock to the next timer instead of waiting, so a ladder of 25 hours passes in
milliseconds. It refuses to guess about anything that happens off the loop: whoever waits for a thread or for another
process holds the loop (`hold`), and while it is held time is real.
"""

import asyncio
import contextlib
import io
import selectors
import time
from collections.abc import Callable, Iterator
from typing import Any

from harness.errors import DeadlockError

# Two float ulps of an epoch timestamp are 5e-7; a resolution below one ulp would make a due timer never due.
CLOCK_RESOLUTION_S = 1e-6
# What aiohttp hands to its timer, besides a weak reference to the pool.
_POOL_LOOKS = ("_cleanup",)
# Before a deadlock is called, the kernel gets this much real time to deliver what is still on its way.
DEADLOCK_GRACE_S = 0.05


class VirtualLoop(asyncio.SelectorEventLoop):
    """
    A selector loop for one thread and one process; use it as `asyncio.Runner(loop_factory=VirtualLoop)`.

    Args:
        start_s: what `time()` says at first. Fresh worlds start at 0.
    """

    def __init__(self, *, start_s: float = 0.0) -> None:
        self._offset_s = start_s
        self._holds = 0
        self._held_since_s = 0.0
        self._settlers: list[_Settler] = []
        super().__init__(_JumpingSelector(self))
        self._clock_resolution = CLOCK_RESOLUTION_S

    def time(self) -> float:
        if self._holds:
            return self._offset_s + time.monotonic() - self._held_since_s
        return self._offset_s

    @property
    def held(self) -> bool:
        """
        Whether somebody waits for something outside the loop, so that time is real.
        """
        return self._holds > 0

    def hold(self) -> None:
        """
        Let time run as it really does until the matching `release`; prefer the `hold` context manager.
        """
        if not self._holds:
            self._held_since_s = time.monotonic()
        self._holds += 1

    def release(self) -> None:
        """
        End one `hold`; with the last one time is virtual again.
        """
        if not self._holds:
            raise RuntimeError("released a loop that nobody holds")
        if self._holds == 1:
            self._offset_s = self.time()
        self._holds -= 1

    # The base classes type these with overloads that cannot be repeated without naming private types.
    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:  # type: ignore[override]
        """
        As ever, but for one timer: aiohttp's pool of connections looks every 15 seconds of the loop for those that have
        been idle for 15 seconds of the machine. Here none ever has, and a day of looking costs more than all that
        happens in it; so that timer is given out and never runs.
        """
        if args and isinstance(args[0], tuple) and args[0][1:] == _POOL_LOOKS:
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """
        Run *func* in a thread, and hold the loop until it has returned.
        """
        self.hold()
        try:
            future: asyncio.Future[Any] = super().run_in_executor(executor, func, *args)
        except BaseException:
            self.release()
            raise
        future.add_done_callback(lambda _: self.release())
        return future

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:
        """
        Join the executor's threads; a Runner does this while it closes.
        """
        with hold(self):
            await super().shutdown_default_executor(*args, **kwargs)

    async def settled(self, until: Callable[[], bool] | None = None) -> None:
        """
        Wait as `settle` does; that function is the one to call.
        """
        settler = _Settler(self.create_future(), until)
        self._settlers.append(settler)
        try:
            await settler.future
        finally:
            if settler in self._settlers:
                self._settlers.remove(settler)

    def wake_settlers(self) -> bool:
        """
        Resolve those that waited for quiet; True when somebody now has something to do.
        """
        happy = [settler for settler in self._settlers if settler.until is None or settler.until()]
        for settler in happy:
            self._settlers.remove(settler)
            if not settler.future.done():
                settler.future.set_result(None)
        return bool(happy)

    def jump(self, seconds: float) -> None:
        """
        Move time forward to the next timer.
        """
        self._offset_s += seconds

    def deadlock(self) -> DeadlockError:
        """
        The error that says who waits for what.
        """
        waiting = f"; {len(self._settlers)} settle(until=…) never came true" if self._settlers else ""
        return DeadlockError(f"{(DeadlockError.__doc__ or '').rstrip('.')}{waiting}\n{self._dump_tasks()}")

    def _dump_tasks(self) -> str:
        text = io.StringIO()
        for task in sorted(asyncio.all_tasks(self), key=lambda task: task.get_name()):
            task.print_stack(file=text)
        return text.getvalue()


class _Settler:
    """Somebody who waits for quiet."""

    __slots__ = ("future", "until")

    def __init__(self, future: asyncio.Future[None], until: Callable[[], bool] | None) -> None:
        self.future = future
        self.until = until


class _JumpingSelector(selectors.DefaultSelector):
    """Polls the sockets; where the real selector would sleep it moves the loop's time."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """
        Never sleeps, except while the loop is held.

        Args:
            timeout: 0 when something is ready, else the wait to the next timer, None without timers.
        """
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self._loop.held:
            return super().select(timeout)
        # What was written a moment ago may become readable only at the next poll. (Yielding the processor here as well
        # has never helped, and beside busy neighbours costs milliseconds a jump.)
        events = super().select(0)
        if events or self._loop.wake_settlers():
            return events
        if timeout is None:
            events = super().select(DEADLOCK_GRACE_S)
            if not events:
                raise self._loop.deadlock()
            return events
        self._loop.jump(timeout)
        return []


@contextlib.contextmanager
def hold(loop: asyncio.AbstractEventLoop | None = None) -> Iterator[None]:
    """
    While inside, time is real: for code that waits for a thread, another process or a signal.

    Args:
        loop: the running one by default. Loops that are not virtual are left alone, so code may always say `hold()`.
    """
    held = asyncio.get_running_loop() if loop is None else loop
    if not isinstance(held, VirtualLoop):
        yield
        return
    held.hold()
    try:
        yield
    finally:
        held.release()


async def settle(*, until: Callable[[], bool] | None = None) -> None:
    """
    Come back when nothing is ready and nothing is held; timers may remain, and no time has passed.

    Args:
        until: asked at every quiet moment; while it says no, time moves on to the next timer.

    Raises:
        DeadlockError: *until* says no and no timer is left.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise TypeError("settle() needs a VirtualLoop: a real loop is never known to be quiet")
    await loop.settled(until)
