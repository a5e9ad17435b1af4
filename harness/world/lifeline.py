"""
Knowing when a process ends, and making it end when the supervisor does.

`ExitWatch` tells the loop that any process, our child or not, has ended. `Lifeline` says how children are tied to the
supervisor's life: by the kernel's parent-death signal (Linux), or by a watchdog process. It refuses to start servers.
"""

import asyncio
import contextlib
import enum
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

WATCHDOG = Path(__file__).with_name("watchdog.py")


class Tie(enum.Enum):
    """How a child learns that its supervisor is gone."""

    KERNEL = "kernel"
    WATCHDOG = "watchdog"

    @classmethod
    def default(cls) -> "Tie":
        """
        The kernel's signal where there is one.
        """
        return cls.KERNEL if sys.platform == "linux" else cls.WATCHDOG


class ExitWatch:
    """
    Calls *ended* once, on the running loop, when process *pid* has ended.
    """

    def __init__(self, pid: int, ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = ended
        self._fd = self._open(pid)
        if self._fd is None:
            self._loop.call_soon(ended)
        else:
            self._loop.add_reader(self._fd, self._fire)

    def close(self) -> None:
        """
        Stop watching.
        """
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            self._shut(self._fd)
            self._fd = None

    def _fire(self) -> None:
        self.close()
        self._ended()

    if sys.platform == "linux":

        def _open(self, pid: int) -> int | None:
            try:
                return os.pidfd_open(pid)
            except ProcessLookupError:
                return None

        def _shut(self, fd: int) -> None:
            os.close(fd)

    else:

        def _open(self, pid: int) -> int | None:
            queue = select.kqueue()
            event = select.kevent(
                pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT
            )
            try:
                queue.control([event], 0)
            except ProcessLookupError:
                queue.close()
                return None
            self._queue = queue
            return queue.fileno()

        def _shut(self, _fd: int) -> None:
            self._queue.close()


async def wait_for_exit(pid: int, *, timeout_s: float) -> bool:
    """
    Wait until any process has ended; False when it is still there after *timeout_s*.
    """
    ended = asyncio.Event()
    watch = ExitWatch(pid, ended.set)
    try:
        async with asyncio.timeout(timeout_s):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        watch.close()
    return True


class Lifeline:
    """
    Ties children to this process's life.

    Args:
        tie: KERNEL costs nothing; WATCHDOG costs one small process, and is what systems other than Linux have.
    """

    def __init__(self, tie: Tie | None = None) -> None:
        self.tie = tie if tie is not None else Tie.default()
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None

    def protect(self, pid: int, death_signal: int) -> None:
        """
        Have the watchdog end *pid* when this process is gone; repeated calls are harmless.
        """
        self._tell(f"+{pid} {death_signal}\n")

    def forget(self, pid: int) -> None:
        """
        Say that *pid* has been reaped, so that its number may belong to somebody else.
        """
        if self._pipe is not None:
            self._tell(f"-{pid}\n")

    def close(self) -> None:
        """
        Let the watchdog go, once all children have ended.
        """
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if self._watchdog is not None:
            self._watchdog.wait()
            self._watchdog = None

    def _tell(self, line: str) -> None:
        if self._pipe is None:
            self._pipe = self._start()
        # A watchdog that somebody killed cannot be told; the kernel's tie still holds where there is one.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, line.encode("ascii"))

    def _start(self) -> int:
        reading, writing = os.pipe()
        try:
            self._watchdog = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", "-S", str(WATCHDOG), str(reading)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[reading],
            )
        finally:
            os.close(reading)
        return writing
