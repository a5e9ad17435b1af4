"""
The fast lane: plain requests on a provider's own port, read and answered without a task and without ceremony.

Four in five microseconds of an HTTP server's work on a small request are spent on what such a request does not need.
This lane serves only what a client library plainly sends: HTTP/1.1, a length that is given, no tricks. Whatever else
comes, and whatever answer is to be rude, is handed over with its connection to the full server, which stays the judge
of what HTTP is.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Literal, NamedTuple, cast

from mock_providers.core.wire.journal import Headers, RawRequest
from mock_providers.core.wire.reply import WireReply

_HEAD_BYTES = 16_384
_BODY_BYTES = 262_144
_KNOWN_HEAD_BYTES = 512
_KNOWN_LINE_CHARS = 160
_METHODS = frozenset({"GET", "POST"})
_BEGINNINGS = frozenset(method[:size].encode() for method in _METHODS for size in range(1, 5))
# A request with one of these wants more than an answer.
_CEREMONIES = frozenset({"connection", "expect", "transfer-encoding", "upgrade", "te", "trailer", "content-encoding"})
_KEPT_ALIVE = frozenset({"keep-alive"})
_REASONS = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}


@dataclass(slots=True)
class Lane:
    """
    What all connections of one port share.

    Args:
        serve: answers a request at once, or gives None where the full server has to.
        http: makes a protocol of the full server.
        date: what goes into the `Date` header.
        move: where the port is shared: None for a request of ours; else whether the connection has left for where it
            belongs, which it cannot while an answer is still on its way.
    """

    serve: Callable[[RawRequest, asyncio.Transport], WireReply | None]
    http: Callable[[], asyncio.Protocol]
    date: Callable[[], bytes]
    move: Callable[[asyncio.Transport, bytes], bool | None] | None = None
    connections: set["LaneConnection"] = field(default_factory=set)

    def close(self) -> None:
        """Hang up; no connection of this lane is in the middle of an answer."""
        for connection in tuple(self.connections):
            connection.close()


class LaneConnection(asyncio.Protocol):
    """
    One connection, as long as it is plain.

    Args:
        got: what has been read from it already.
    """

    def __init__(self, lane: Lane, got: bytes = b"") -> None:
        self._lane = lane
        self._got = got
        self._transport: asyncio.Transport | None = None
        self._full: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._lane.connections.add(self)
        if self._got:
            asyncio.get_running_loop().call_soon(self.data_received, b"")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the loop's signature
        self._lane.connections.discard(self)
        self._transport = None

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        transport = self._transport
        while self._got and transport is not None and self._full is None:
            if self._lane.move is not None and self._moved(self._lane.move, transport):
                return
            request, rest = plain_request(self._got)
            if request is None:
                if rest is not None:
                    self._hand_over(transport)
                return
            assert rest is not None
            answer = self._lane.serve(request, transport)
            if answer is None:
                self._hand_over(transport)
                return
            self._got = rest
            transport.write(written(answer, self._lane.date()))

    def _moved(self, move: Callable[[asyncio.Transport, bytes], bool | None], transport: asyncio.Transport) -> bool:
        """Whether the connection is no longer this lane's."""
        moved = move(transport, self._got)
        if moved:
            self._lane.connections.discard(self)
            self._got = b""
        elif moved is False:
            self._hand_over(transport)  # which waits until it can leave
        return moved is not None

    def _hand_over(self, transport: asyncio.Transport) -> None:
        """From here on the connection is the full server's, which begins with what has come and is not answered."""
        self._lane.connections.discard(self)
        self._full = full = self._lane.http()
        transport.set_protocol(full)
        full.connection_made(transport)
        got, self._got = self._got, b""
        full.data_received(got)


def plain_request(got: bytes) -> tuple[RawRequest | None, bytes | None]:
    """
    The first request in *got*, if it is plain and whole.

    Returns:
        The request and what follows it; (None, None) where more has to come first; (None, *got*) where it is not plain.
    """
    end = got.find(b"\r\n\r\n")
    if end < 0:
        begun_well = got[:5].partition(b" ")[0] in _BEGINNINGS and len(got) <= _HEAD_BYTES
        return None, (None if begun_well else got)
    if end > _HEAD_BYTES:
        return None, got
    first, _, lines = got[:end].partition(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3 or words[0] not in _METHODS or words[2] != "HTTP/1.1":
        return None, got
    plain = _plain_headers(lines) if len(lines) <= _KNOWN_HEAD_BYTES else _read_headers(lines)
    if plain is None or not words[1].isascii() or not words[1].isprintable():
        return None, got
    headers, length = plain
    whole = end + 4 + length
    if len(got) < whole:
        return None, None
    return RawRequest(words[0], words[1], headers, got[end + 4 : whole]), got[whole:]


@lru_cache(maxsize=256)
def _plain_headers(lines: bytes) -> tuple[Headers, int] | None:
    """
    Names and values as they stand there, and how long the body is; None where this is no plain request.

    Kept, because a client library writes the same lines for most of its requests; those with a signature in them, and
    so long ones, it never writes again.
    """
    return _read_headers(lines)


def _read_headers(lines: bytes) -> tuple[Headers, int] | None:
    read = [
        _line(line) if len(line) <= _KNOWN_LINE_CHARS else _read_line(line)
        for line in lines.decode("latin-1").split("\r\n")
    ]
    about = [line.about for line in read]
    if len(read) >= 64 or "odd" in about or about.count("host") != 1 or about.count("length") > 1:
        return None
    length = int(read[about.index("length")].pair[1]) if "length" in about else 0
    return (tuple([line.pair for line in read]), length) if length <= _BODY_BYTES else None


class _Line(NamedTuple):
    """
    Args:
        about: "host", "length", "odd" for what only the full server should read, and "" for the rest.
    """

    pair: tuple[str, str]
    about: Literal["", "host", "length", "odd"]


@lru_cache(maxsize=1024)
def _line(text: str) -> _Line:
    """A header's name and value as they stand there; kept, because few lines change from request to request."""
    return _read_line(text)


def _read_line(text: str) -> _Line:
    name, _, value = text.partition(": ")
    return _Line((name, value), "odd" if _is_odd(name, value) else _about(name.lower(), value))


def _is_odd(name: str, value: str) -> bool:
    """Whether a line is written otherwise than libraries write theirs."""
    plainly_named = name.replace("-", "").isalnum()
    return not plainly_named or not value or not value.isprintable() or value[0] == " " or value[-1] == " "


def _about(lowered: str, value: str) -> Literal["", "host", "length", "odd"]:
    if lowered == "content-length":
        return "length" if value.isascii() and value.isdigit() and len(value) < 8 else "odd"
    if lowered == "host":
        return "host"
    return "odd" if lowered in _CEREMONIES and value.lower() not in _KEPT_ALIVE else ""


def written(reply: WireReply, date: bytes) -> bytes:
    """
    An answer as it stands on the wire.

    Args:
        date: as HTTP writes it.
    """
    head = "".join([f"{name}: {value}\r\n" for name, value in reply.headers]).encode("latin-1", "replace")
    reason = _REASONS.get(reply.status, b"Unknown")
    length = b"" if reply.status == 204 else b"Content-Length: %d\r\n" % len(reply.body)
    return b"HTTP/1.1 %d %b\r\n%b%bDate: %b\r\n\r\n%b" % (reply.status, reason, head, length, date, reply.body)
