"""
The CONNECT proxy: ends TLS for simulated providers' hosts, refuses every other, and connects to nobody.

One connection is one `ProxyConnection` until it is known what the client wants; from then on it belongs to the HTTP
server, with TLS ended in between where a tunnel was asked for. Works on uvloop and on asyncio's own loop.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

from mock_providers.front.router import BAD_REQUEST, FORBIDDEN, NEVER, Refusal, Served, choose

HEAD_BYTES = 16_384
PATIENCE_S = 30.0
_METHOD = b"CONNECT "
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
_TLS_PORT = "443"


@dataclass(slots=True)
class ProxyDoor:
    """
    What all connections of one proxy share.

    Args:
        served: the simulated providers.
        contexts: a TLS context for each of them.
        http: makes a protocol that answers HTTP.
        patience_s: how long a client may take to say what it wants, and as long again for its handshake.
    """

    served: Mapping[str, Served]
    contexts: Mapping[str, ssl.SSLContext]
    http: Callable[[], asyncio.Protocol]
    patience_s: float = PATIENCE_S
    connections: set["ProxyConnection"] = field(default_factory=set)

    def close(self) -> None:
        """Hang up on those who have not said yet what they want."""
        for connection in tuple(self.connections):
            connection.hang_up()


class ProxyConnection(asyncio.Protocol):
    """A client before it has its tunnel or its answer."""

    def __init__(self, door: ProxyDoor) -> None:
        self._door = door
        self._head = bytearray()
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._handshake: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._door.connections.add(self)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._door.patience_s, self._refuse, Refusal(408, "the request never ended."))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the loop's signature
        self._transport = None
        self._leave()

    def hang_up(self) -> None:
        """Close at once, whatever is going on."""
        if self._handshake is not None:
            self._handshake.cancel()
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._head += data
        if not self._head.startswith(_METHOD[: len(self._head)]):
            self._hand_over(self._transport, bytes(self._head))
            return
        head, end, rest = bytes(self._head).partition(b"\r\n\r\n")
        if end:
            self._connect(self._transport, head, early=bool(rest))
        elif len(self._head) > HEAD_BYTES:
            self._refuse(Refusal(431, f"more than {HEAD_BYTES} bytes before the tunnel."))

    def _connect(self, transport: asyncio.Transport, head: bytes, *, early: bool) -> None:
        chosen = self._judge(head, early=early)
        if isinstance(chosen, Refusal):
            self._refuse(chosen)
            return
        transport.pause_reading()
        transport.write(_OPEN)
        self._cancel_deadline()
        self._handshake = asyncio.get_running_loop().create_task(self._end_tls(transport, self._door.contexts[chosen]))

    def _judge(self, head: bytes, *, early: bool) -> str | Refusal:
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return Refusal(BAD_REQUEST, "this is no CONNECT host:port HTTP/1.1.")
        host, colon, port = words[1].rpartition(":")
        if not colon:
            return Refusal(BAD_REQUEST, "CONNECT names a host and a port.")
        chosen = choose(host, self._door.served, stranger=FORBIDDEN)
        if isinstance(chosen, str) and port != _TLS_PORT:
            return Refusal(FORBIDDEN, f"{host} has no port {port} here, {_TLS_PORT} only. {NEVER}")
        if isinstance(chosen, str) and early:
            return Refusal(BAD_REQUEST, "bytes came before the tunnel was open; wait for the 200.")
        return chosen

    async def _end_tls(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        held = _Held()
        try:
            inner = await asyncio.get_running_loop().start_tls(
                transport, held, context, server_side=True, ssl_handshake_timeout=self._door.patience_s
            )
        except OSError:
            # The client went away, took its time, or does not trust the certificate: its own logs say which.
            transport.abort()
            return
        finally:
            self._leave()
        if inner is not None and not held.lost:
            self._hand_over(inner, bytes(held.early), ended=held.ended)

    def _hand_over(self, transport: asyncio.Transport, data: bytes, *, ended: bool = False) -> None:
        self._leave()
        handler = self._door.http()
        transport.set_protocol(handler)
        handler.connection_made(transport)
        if data:
            handler.data_received(data)
        if ended:
            handler.eof_received()

    def _refuse(self, refusal: Refusal) -> None:
        self._cancel_deadline()
        if self._transport is not None:
            self._transport.write(_refused(refusal))
            self._transport.close()

    def _leave(self) -> None:
        self._cancel_deadline()
        self._door.connections.discard(self)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Held(asyncio.Protocol):
    """Keeps what comes between the end of the handshake and the moment when somebody hears of it."""

    def __init__(self) -> None:
        self.early = bytearray()
        self.ended = False
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.early += data

    def eof_received(self) -> None:
        self.ended = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the loop's signature
        self.lost = True


def _refused(refusal: Refusal) -> bytes:
    body = refusal.text.encode() + b"\n"
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
