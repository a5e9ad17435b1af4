"""
The launcher whose processes are forks of a warmed one; the client of `fork_server`.

It takes the place of the exec launcher wherever a Python server is started often, as crash runs do. It refuses to run
anything but Python servers.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import ServerStartError
from harness.world.launch import Handle, ProcessSpec, PythonMain
from harness.world.lifeline import ExitWatch, Lifeline, Tie
from harness.world.supervisor import Supervisor

SERVER = "harness.world.fork_server"


class ForkLauncher:
    """
    Starts Python servers by forking; made by `ForkLauncher.open`, ended with the supervisor that it was opened on.
    """

    def __init__(self, control: socket.socket, lifeline: Lifeline) -> None:
        self._loop = asyncio.get_running_loop()
        self._control = control
        self._lifeline = lifeline
        self._orders = 0
        self._turn = asyncio.Lock()
        self._forked: dict[int, asyncio.Future[ForkHandle]] = {}
        self._handles: dict[int, ForkHandle] = {}
        self._rest = b""
        control.setblocking(False)
        self._loop.add_reader(control, self._read)

    @classmethod
    async def open(
        cls,
        supervisor: Supervisor,
        modules: Sequence[str],
        *,
        name: str = "fork-server",
        env: Mapping[str, str] | None = None,
    ) -> "ForkLauncher":
        """
        Start a fork server under *supervisor*, warmed with *modules*.

        Raises:
            ServerStartError: a module cannot be imported, or starts a thread.
        """
        ours, theirs = socket.socketpair()
        lifeline = supervisor.lifeline
        launcher = cls(ours, lifeline)
        with theirs:
            spec = ProcessSpec(
                name=name,
                run=PythonMain(SERVER, (str(theirs.fileno()), *modules)),
                env=env,
                pass_fds=(theirs.fileno(),),
                # By the kernel its children die with it; a watchdog must give it the time to end them.
                death_signal=signal.SIGKILL if lifeline.tie is Tie.KERNEL else signal.SIGTERM,
            )
            try:
                await supervisor.start(spec, launcher=supervisor.exec_launcher)
            except BaseException:
                launcher.close()
                raise
        supervisor.at_stop(launcher.close)
        return launcher

    async def launch(self, spec: ProcessSpec, *, stdout: int, stderr: int) -> Handle:
        """
        Fork; raises ServerStartError when the fork server is gone.
        """
        if not isinstance(spec.run, PythonMain) or spec.identity is not None:
            raise ServerStartError(f"{spec.name} is no Python server of ours", hint="start it by exec")
        if self._control.fileno() < 0:
            raise ServerStartError("the fork server is gone")
        # One order at a time: the descriptors of two would run together in the stream.
        async with self._turn:
            self._orders += 1
            forked: asyncio.Future[ForkHandle] = self._loop.create_future()
            self._forked[self._orders] = forked
            await self._send(self._order(self._orders, spec, spec.run), [stdout, stderr])
            handle = await forked
        if self._lifeline.tie is Tie.WATCHDOG and handle.exit_status is None:
            self._lifeline.protect(handle.pid, spec.death_signal)
        return handle

    def close(self) -> None:
        """
        Let the fork server go, and with it all that it forked; closing twice is harmless.
        """
        if self._control.fileno() < 0:
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        for forked in self._forked.values():
            if not forked.done():
                forked.set_exception(ServerStartError("the fork server is gone"))
        self._forked.clear()
        for handle in self._handles.values():
            handle.orphaned()

    def send_signal(self, pid: int, number: signal.Signals) -> None:
        """
        Have the fork server send a signal: only it knows whether the pid is still that child's.
        """
        if self._control.fileno() >= 0:
            self._control.sendall(_line({"pid": pid, "signal": int(number)}))

    def _order(self, number: int, spec: ProcessSpec, run: PythonMain) -> bytes:
        return _line(
            {
                "id": number,
                "module": run.module,
                "argv": list(run.argv),
                "env": None if spec.env is None else dict(spec.env),
                "cwd": None if spec.cwd is None else str(spec.cwd),
                "death_signal": int(spec.death_signal) if self._lifeline.tie is Tie.KERNEL else 0,
            }
        )

    async def _send(self, message: bytes, fds: list[int]) -> None:
        try:
            sent = socket.send_fds(self._control, [message], fds)
            await self._loop.sock_sendall(self._control, message[sent:])
        except ConnectionError:
            self.close()

    def _read(self) -> None:
        try:
            chunk = self._control.recv(65536)
        except BlockingIOError:
            return
        except ConnectionError:
            chunk = b""
        if not chunk:
            self.close()
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        if "exited" in message:
            pid = message["exited"]
            self._lifeline.forget(pid)
            self._handles.pop(pid).ended(message["status"])
            return
        pid = message["pid"]
        handle = self._handles[pid] = ForkHandle(pid, self)
        forked = self._forked.pop(message["id"])
        if forked.cancelled():
            handle.send(signal.SIGKILL)
        else:
            forked.set_result(handle)


class ForkHandle:
    """A child of the fork server."""

    def __init__(self, pid: int, launcher: ForkLauncher) -> None:
        self.pid = pid
        self._launcher = launcher
        self._status: int | None = None
        self._ended = asyncio.Event()

    @property
    def exit_status(self) -> int | None:
        return self._status

    async def wait(self) -> int:
        await self._ended.wait()
        assert self._status is not None
        return self._status

    def send(self, number: signal.Signals) -> None:
        if self._status is None:
            self._launcher.send_signal(self.pid, number)

    def ended(self, status: int) -> None:
        """
        The fork server has reaped it.
        """
        self._status = status
        self._ended.set()

    def orphaned(self) -> None:
        """
        The fork server is gone, and this is dying of it; nobody will tell its status.
        """
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        ExitWatch(self.pid, lambda: self.ended(-signal.SIGKILL))


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
