"""
A client's connection while it is ours: request by request it is asked whose it is, and handed over when it is not ours.

Between two requests a connection can move; in the middle of one it stays. It knows no vendor's protocol, and of HTTP
only where a request ends.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Protocol, cast

from mock_providers.workers.framing import Unreadable, expects_go_ahead, request_end

# Longer requests are refused by the server itself, whoever's they are.
_LOOKED_AT_BYTES = 5 * 1024 * 1024
# Beyond this a client that sends on without waiting for its answer has to wait.
_AHEAD_BYTES = 256 * 1024
_DRAIN_S = 0.005
_GO_AHEAD = b"HTTP/1.1 100 Continue\r\n\r\n"


class Owners(Protocol):
    """Who answers for whom."""

    def elsewhere(self, request: bytes | bytearray) -> int | None:
        """The index of the process whose request this is; None for ours and for nobody's."""
        ...

    def pass_on(self, index: int, connection: socket.socket, first: bytes, *, door: str) -> None:
        """Give *connection* to that process, with what has been read from it."""
        ...


class SharedConnection(asyncio.Protocol):
    """
    Stands between a transport and the HTTP server's own protocol.

    Args:
        inner: the server's protocol; it sees nothing but whole requests of ours.
        first: what somebody else has read already.
        door: by which the client came.
        leave: tells the server that this client is lost to it, and leaves the connection alone.
        gone: told when the connection has ended here.
    """

    def __init__(
        self,
        inner: asyncio.Protocol,
        owners: Owners,
        first: bytes,
        *,
        door: str,
        leave: Callable[[], None],
        gone: Callable[[], object],
    ) -> None:
        self._inner: asyncio.BaseProtocol = inner
        self._feed: Callable[[bytes], None] = inner.data_received
        self._owners = owners
        self._door = door
        self._leave = leave
        self._gone = gone
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(first)
        self._busy = False
        self._through = False
        self._moved = False
        self._told_to_go_ahead = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._inner.connection_made(transport)
        if self._buffer:
            asyncio.get_running_loop().call_soon(self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gone()
        self._inner.connection_lost(exc)

    def eof_received(self) -> bool | None:
        return cast("asyncio.Protocol", self._inner).eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._through:
            self._feed(data)
            return
        self._buffer += data
        if not self._busy:
            self._look()
        elif len(self._buffer) > _AHEAD_BYTES and self._transport is not None:
            _pause(self._transport)

    def answered(self) -> None:
        """The request in hand has been answered; the next one may be somebody else's."""
        if not self._busy or self._through:
            return
        self._busy = False
        if self._transport is not None and not self._transport.is_closing():
            _resume(self._transport)
            if self._buffer:
                asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        if self._busy or self._through or self._moved or self._transport is None or not self._buffer:
            return
        elsewhere = self._owners.elsewhere(self._buffer)
        if elsewhere is not None:
            self._move(self._transport, elsewhere)
            return
        try:
            end = request_end(self._buffer)
        except Unreadable:
            end = -1
        if end is not None and 0 <= end <= len(self._buffer):
            self._take(end)
        elif end == -1 or len(self._buffer) > _LOOKED_AT_BYTES:
            self._give_up_looking()
        elif not self._told_to_go_ahead and expects_go_ahead(self._buffer):
            self._told_to_go_ahead = True
            self._transport.write(_GO_AHEAD)

    def _take(self, end: int) -> None:
        """One whole request of ours."""
        request = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._busy = True
        self._told_to_go_ahead = False
        self._feed(request)

    def _give_up_looking(self) -> None:
        """From here on the server sees what comes, as it comes."""
        self._through = True
        data = bytes(self._buffer)
        self._buffer.clear()
        self._feed(data)

    def _move(self, transport: asyncio.Transport, index: int) -> None:
        _pause(transport)
        if transport.get_write_buffer_size() > 0:
            # A client that did not wait for its last answer gets it first.
            asyncio.get_running_loop().call_later(_DRAIN_S, self._look)
            return
        self._moved = True
        self._leave()
        first = bytes(self._buffer)
        self._buffer.clear()
        if transport.get_extra_info("ssl_object") is None:
            self._inner = asyncio.Protocol()
            hand_over(transport, self._owners, index, first, door=self._door)
            return
        near, far = socket.socketpair()
        self._owners.pass_on(index, far, first, door=self._door)
        self._through = True
        tunnel = Tunnel(transport)
        self._inner, self._feed = tunnel, tunnel.send
        tunnel.start(near)
        _resume(transport)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


def hand_over(transport: asyncio.Transport, owners: Owners, index: int, first: bytes, *, door: str) -> None:
    """The connection below *transport* is another process's from here on; nothing of ours may be on its way in it."""
    _pause(transport)
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    owners.pass_on(index, socket.socket(fileno=descriptor), first, door=door)
    transport.abort()  # closes our end of it alone


def _pause(transport: asyncio.Transport) -> None:
    with contextlib.suppress(RuntimeError):  # some loops mind being asked twice
        transport.pause_reading()


def _resume(transport: asyncio.Transport) -> None:
    with contextlib.suppress(RuntimeError):
        transport.resume_reading()


class Tunnel(asyncio.Protocol):
    """What was decrypted here goes to the process whose it is, and its answers go back; TLS itself cannot be moved."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client
        self._near: asyncio.Transport | None = None
        self._early = bytearray()
        self._opening: asyncio.Task[None] | None = None

    def start(self, near: socket.socket) -> None:
        """Begin."""
        self._opening = asyncio.get_running_loop().create_task(self._open(near))

    async def _open(self, near: socket.socket) -> None:
        near.setblocking(False)
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=near)

    def send(self, data: bytes) -> None:
        """From the client."""
        if self._near is None:
            self._early += data
        else:
            self._near.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._near = cast("asyncio.Transport", transport)
        if self._client.is_closing():
            self._near.close()
        elif self._early:
            self._near.write(bytes(self._early))
            self._early.clear()

    def data_received(self, data: bytes) -> None:
        if not self._client.is_closing():
            self._client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the loop's signature
        """Either end is gone: so is the other."""
        self._client.close()
        if self._near is not None:
            self._near.close()
