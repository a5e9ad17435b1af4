"""
One process's part in sharing ports: it serves its own merchants, and gives and takes connections.

A connection goes over a Unix socket as what it is, a file descriptor, with the bytes that have been read from it
already; afterwards the giver has nothing to do with it any more.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from mock_providers.core.books.book import CASHIER_PATH
from mock_providers.core.numbers import Numbers
from mock_providers.core.wire.identities import Identities
from mock_providers.core.wire.lane import Lane, LaneConnection
from mock_providers.core.wire.server import Handler
from mock_providers.workers.connection import SharedConnection, hand_over

_HEAD = struct.Struct("!B")
_FIRST_BYTES = 65_536
_BACKLOG = 512
_TOKEN_DIGITS = 16


def socket_path(folder: Path, index: int) -> Path:
    """Where the process with that index takes connections."""
    return folder / f"w{index}"


class Neighbours:
    """
    Those with whom the ports are shared.

    Args:
        folder: of all takers' sockets; private to the user.
        numbers: says which of them we are.
        folders: all merchants' credentials; the merchant at place p is served by process p modulo their count.
    """

    def __init__(self, folder: Path, numbers: Numbers, folders: Sequence[Path]) -> None:
        self._folder = folder
        self._numbers = numbers
        self._identities = Identities(folders)
        self._doors: dict[str, Callable[[bytes], asyncio.Protocol]] = {}
        self._taker: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def server(self, door: str, handler: Handler, options: Mapping[str, Any]) -> web.Server:
        """A server for one door."""
        server = SharedServer(handler, self, door=door, options=options)
        self._doors[door] = server.connection
        return server

    def share_lane(self, door: str, lane: Lane) -> None:
        """Let connections that were handed over begin in *lane*, and those in it be handed over."""
        lane.move = partial(self._move, door)
        self._doors[door] = partial(LaneConnection, lane)

    def _move(self, door: str, transport: asyncio.Transport, got: bytes) -> bool | None:
        elsewhere = self.elsewhere(got)
        if elsewhere is None:
            return None
        if transport.get_write_buffer_size() > 0:
            return False
        hand_over(transport, self, elsewhere, got, door=door)
        return True

    def elsewhere(self, request: bytes | bytearray) -> int | None:
        """The index of the process whose request this is; None for ours and for nobody's."""
        index = self._owner(request)
        return None if index == self._numbers.index else index

    def _owner(self, request: bytes | bytearray) -> int | None:
        place = self._identities.place_of(request)
        if place is not None:
            return place % self._numbers.count
        return self._owner_of_page(request)

    def _owner_of_page(self, request: bytes | bytearray) -> int | None:
        """A cashier page's address names no merchant; its token ends with the trade's number."""
        line = bytes(request[: request.find(b"\r\n")]) if b"\r\n" in request else b""
        _, found, rest = line.partition(CASHIER_PATH.encode())
        digits = rest.partition(b"-")[2][:_TOKEN_DIGITS].split(b"/")[0].split(b"?")[0].split(b" ")[0]
        return self._numbers.owner(int(digits)) if found and digits.isdigit() and int(digits) > 0 else None

    def start(self) -> None:
        """Take connections from now on."""
        path = socket_path(self._folder, self._numbers.index)
        path.unlink(missing_ok=True)
        taker = self._taker = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        taker.setblocking(False)
        taker.bind(str(path))
        taker.listen(_BACKLOG)
        asyncio.get_running_loop().add_reader(taker, self._take, taker)

    async def stop(self) -> None:
        """Take no more."""
        if self._taker is not None:
            asyncio.get_running_loop().remove_reader(self._taker)
            self._taker.close()
            self._taker = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pass_on(self, index: int, connection: socket.socket, first: bytes, *, door: str) -> None:
        """Give *connection* to that process; when it is not there, the client finds it closed."""
        self._run(self._give(index, connection, first, door=door))

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give(self, index: int, connection: socket.socket, first: bytes, *, door: str) -> None:
        loop, name = asyncio.get_running_loop(), door.encode()
        with connection, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.setblocking(False)
            try:
                await loop.sock_connect(way, str(socket_path(self._folder, index)))
                message = _HEAD.pack(len(name)) + name + first
                sent = socket.send_fds(way, [message[:_FIRST_BYTES]], [connection.fileno()])
                if sent < len(message):
                    await loop.sock_sendall(way, memoryview(message)[sent:])
            except OSError as problem:
                structlog.get_logger().warning("connection_not_passed_on", worker=index, problem=str(problem))

    def _take(self, taker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                way, _ = taker.accept()
                way.setblocking(False)
                self._run(self._receive(way))

    async def _receive(self, way: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with way:
            await _readable(way)
            message, descriptors, _, _ = socket.recv_fds(way, _FIRST_BYTES, 1)
            if not descriptors:
                return
            connection = socket.socket(fileno=descriptors[0])
            data = bytearray(message)
            while chunk := await loop.sock_recv(way, _FIRST_BYTES):
                data += chunk
        (length,) = _HEAD.unpack_from(data)
        door, first = data[1 : 1 + length].decode(), bytes(data[1 + length :])
        connection.setblocking(False)
        await loop.connect_accepted_socket(partial(self._doors[door], first), connection)


async def _readable(one: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(one, partial(_settle, ready))
    try:
        await ready
    finally:
        loop.remove_reader(one)


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class SharedServer(web.Server):
    """An HTTP server whose connections come and go between processes."""

    def __init__(self, handler: Handler, neighbours: Neighbours, *, door: str, options: Mapping[str, Any]) -> None:
        super().__init__(self._answer, **options)
        self._handler = handler
        self._neighbours = neighbours
        self._door = door
        self._shared: dict[object, SharedConnection] = {}

    def __call__(self) -> Any:
        """A protocol for a fresh connection."""
        return self.connection(b"")

    def connection(self, first: bytes) -> SharedConnection:
        """A protocol for a connection of which somebody has read the first bytes already."""
        inner = super().__call__()
        shared = self._shared[inner] = SharedConnection(
            inner,
            self._neighbours,
            first,
            door=self._door,
            leave=partial(_leave, inner),
            gone=partial(self._shared.pop, inner, None),
        )
        return shared

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer to the last byte; only then the connection may move."""
        try:
            response = await self._handler(request)
            with contextlib.suppress(ConnectionError):
                await response.prepare(request)
                await response.write_eof()
        finally:
            shared = self._shared.get(request.protocol)
            if shared is not None:
                shared.answered()
        return response


def _leave(protocol: RequestHandler) -> None:
    """A server closes the transport of a client that is lost, so it must not have it any more."""
    protocol.transport = None
    protocol.connection_lost(None)
