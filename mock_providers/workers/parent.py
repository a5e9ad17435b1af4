"""
The parent: keeps the ports, starts the workers, starts one again when it dies, and stops them all in order.

It serves no provider itself. A worker that comes back has an empty book, which its epoch tells; rules and schedule it
is given again.
"""

import asyncio
import contextlib
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import structlog

from mock_providers.errors import ProvidersError
from mock_providers.registry import PROVIDERS
from mock_providers.settings import ProvidersSettings

_STARTS_MAX = 3
_STOP_S = 10.0
_LINE_BYTES = 1024 * 1024

CameBack = Callable[["Worker"], Awaitable[None]]


class Worker:
    """One worker process, over all its lives."""

    def __init__(self, index: int, plan: bytes) -> None:
        self.index = index
        self.pid = 0
        self.control_url = ""
        self.facts: Mapping[str, Any] = {}
        self.up = asyncio.Event()
        self._plan = plan
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """
        Start it, and come back when it listens.

        Raises:
            ProvidersError: it ended before that; what it said stands on stderr.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mock_providers.workers"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(self._plan)
            await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            status = await self._process.wait()
            raise ProvidersError(f"worker {self.index} ended with status {status} before it listened")
        self.facts = orjson.loads(line)
        self.control_url = str(self.facts["control_url"])
        self.pid = self._process.pid

    async def ended(self) -> int:
        """Wait for its end."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End it in good order; not so good when it takes too long."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Workers:
    """
    All workers of one simulator.

    Args:
        token: of the workers' own control APIs, which are for the front alone.
    """

    def __init__(self, settings: ProvidersSettings) -> None:
        self.token = secrets.token_hex(16)
        self.all: tuple[Worker, ...] = ()
        self.failed: asyncio.Future[None] | None = None
        self._settings = settings
        self._folder = ""
        self._kept: list[socket.socket] = []
        self._watches: list[asyncio.Task[None]] = []

    async def start(self, *, came_back: CameBack) -> None:
        """
        Keep the ports and start everybody; comes back when all of them listen.

        Args:
            came_back: awaited when a worker that died listens again, before anybody else speaks to it.

        Raises:
            OSError: a port is taken.
            ProvidersError: a worker does not start.
        """
        self._folder = tempfile.mkdtemp(prefix="payproof-")
        self.failed = asyncio.get_running_loop().create_future()
        try:
            ports = self._keep_ports()
            self.all = tuple(Worker(index, self._plan(index, ports)) for index in range(self._settings.workers))
            await asyncio.gather(*(worker.start() for worker in self.all))
        except BaseException:
            await self.stop()
            raise
        for worker in self.all:
            worker.up.set()
            self._watches.append(asyncio.create_task(self._watch(worker, came_back)))

    async def stop(self) -> None:
        """Stop everybody; safe to call twice."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self.all))
        for kept in self._kept:
            kept.close()
        self._kept.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _keep_ports(self) -> dict[str, int]:
        """The numbers stay ours while workers come and go: a socket that is bound and never listens."""
        names = [f"{name}_port" for name in PROVIDERS]
        names += [name for name in ("tls_port", "proxy_port") if getattr(self._settings, name) is not None]
        ports: dict[str, int] = {}
        for name in names:
            family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
            kept = socket.socket(family, socket.SOCK_STREAM)
            self._kept.append(kept)
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            # Connections of whoever listened here before, alone perhaps, may not be forgotten yet by the system.
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind((self._settings.host, getattr(self._settings, name)))
            ports[name] = kept.getsockname()[1]
        return ports

    def _plan(self, index: int, ports: Mapping[str, int]) -> bytes:
        settings = self._settings
        values = settings.model_dump(mode="json") | {
            **ports,
            "control_host": "127.0.0.1",
            "control_port": 0,
            "control_token": self.token,
            "snippets": settings.snippets and index == 0,
        }
        plan = {"settings": values, "index": index, "count": settings.workers, "folder": self._folder}
        return orjson.dumps(plan, option=orjson.OPT_APPEND_NEWLINE)

    async def _watch(self, worker: Worker, came_back: CameBack) -> None:
        log = structlog.get_logger()
        while True:
            status = await worker.ended()
            worker.up.clear()
            log.warning("worker_ended", worker=worker.index, pid=worker.pid, status=status)
            for attempt in range(1, _STARTS_MAX + 1):
                try:
                    await worker.start()
                    break
                except ProvidersError as problem:
                    log.warning("worker_does_not_start", worker=worker.index, attempt=attempt, problem=str(problem))
            else:
                assert self.failed is not None
                if not self.failed.done():
                    self.failed.set_exception(ProvidersError(f"worker {worker.index} does not start again"))
                return
            await came_back(worker)
            worker.up.set()
            log.warning("worker_started_again", worker=worker.index, pid=worker.pid)
