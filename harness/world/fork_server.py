"""
A warmed process that becomes any of our Python servers by forking, a hundred times quicker than a new interpreter.

Runs as `python -m harness.world.fork_server FD MODULE…`: it imports the modules and does nothing else before a fork;
no loop, no thread, no connection, and no socket but the one to its client, which a child closes first. When that
socket ends it ends its children and itself. It refuses to know what the servers do.
"""

import ctypes
import dataclasses
import gc
import importlib
import importlib.util
import json
import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.world.child import restore_signals, tie_to_parent

MESSAGE_BYTES = 65536


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a child is to become."""

    module: str
    argv: Sequence[str]
    env: Mapping[str, str] | None
    cwd: str | None
    death_signal: int
    outputs: tuple[int, int]


class ForkServer:
    """
    Takes orders from its client, forks, and reports pids and exits.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pid = os.getpid()
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._children: set[int] = set()
        self._rest = b""
        self._outputs: list[int] = []
        self._wake, self._woken = os.pipe()
        for end in (self._wake, self._woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._woken)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)

    def serve(self) -> Order | None:
        """
        Serve until the client is gone and return None; in each child, return what it is to become.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._wake in ready:
                    told = os.read(self._wake, MESSAGE_BYTES)
                    self._reap()
                    if signal.SIGTERM in told:
                        break
                if self._control.fileno() not in ready:
                    continue
                messages = self._receive()
                if not messages:
                    break
                # In a child its own order comes out, before the next message is obeyed.
                order = next(filter(None, map(self._obey, messages)), None)
                if order is not None:
                    return order
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        return None

    def _receive(self) -> list[dict[str, Any]]:
        """
        The messages that have arrived; none when the client is gone.
        """
        while True:
            chunk, fds, *_ = socket.recv_fds(self._control, MESSAGE_BYTES, 2)
            self._outputs += fds
            self._rest += chunk
            if not chunk or chunk.endswith(b"\n"):
                break
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines] if chunk else []

    def _obey(self, message: dict[str, Any]) -> Order | None:
        if "signal" in message:
            if message["pid"] in self._children:
                os.kill(message["pid"], message["signal"])
            return None
        number = message.pop("id")
        (stdout, stderr), self._outputs = self._outputs, []
        order = Order(**message, outputs=(stdout, stderr))
        pid = os.fork()
        if pid == 0:
            self._become_child(order)
            return order
        self._children.add(pid)
        for output in order.outputs:
            os.close(output)
        self._tell({"id": number, "pid": pid})
        return None

    def _become_child(self, order: Order) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        restore_signals()
        # What a fresh interpreter sets: without it a peer that hangs up would kill the server.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if order.death_signal and self._libc is not None:
            tie_to_parent(self._pid, order.death_signal, self._libc)
        self._control.close()
        os.close(self._wake)
        os.close(self._woken)

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._children.discard(pid)
            self._tell({"exited": pid, "status": os.waitstatus_to_exitcode(status)})

    def _tell(self, message: dict[str, Any]) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            # The client is gone; the next look at the socket says so too.
            return


def run(order: Order) -> int:
    """
    Be the server that was ordered: its environment, its output, its `main(argv)`.
    """
    for stream, output in zip((1, 2), order.outputs, strict=True):
        os.dup2(output, stream)
        os.close(output)
    if order.env is not None:
        os.environ.clear()  # noqa: TID251 - handed on, not read
        os.environ.update(order.env)  # noqa: TID251
    if order.cwd is not None:
        os.chdir(order.cwd)
    sys.argv = [order.module, *order.argv]
    main_of_server = importlib.import_module(main_module(order.module)).main
    return int(main_of_server(list(order.argv)) or 0)


def main_module(name: str) -> str:
    """
    The module that `python -m name` would run.
    """
    spec = importlib.util.find_spec(name)
    return f"{name}.__main__" if spec is not None and spec.submodule_search_locations is not None else name


def warm(modules: Sequence[str]) -> None:
    """
    Import what the servers will need, and nothing more.

    Raises:
        RuntimeError: an import started a thread, which no fork would take along.
    """
    for name in modules:
        importlib.import_module(main_module(name))
    if threads() > 1:
        raise RuntimeError(f"importing {', '.join(modules)} started a thread; a fork would lose it")
    # What is there now never becomes garbage, and the collector's marks must not unshare its pages.
    gc.collect()
    gc.freeze()


def threads() -> int:
    """
    How many threads this process has, native ones included where the system tells.
    """
    tasks = Path("/proc/self/task")
    return sum(1 for _ in tasks.iterdir()) if tasks.exists() else threading.active_count()


def main(argv: Sequence[str]) -> int:
    """
    Warm up, say that we are ready, serve; in a child, be the server.

    Args:
        argv: the socket's file descriptor, then the modules to import.
    """
    control = socket.socket(fileno=int(argv[0]))
    control.set_inheritable(False)
    warm(argv[1:])
    server = ForkServer(control)
    sys.stdout.write(json.dumps({"event": "ready", "modules": list(argv[1:])}) + "\n")
    sys.stdout.flush()
    order = server.serve()
    return 0 if order is None else run(order)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
