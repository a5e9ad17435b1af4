"""
A faulty link: a small relay between two parts of a world that can be cut, slowed, torn and healed.

It copies bytes over TCP or Unix sockets and refuses to understand them, so any protocol passes. Its listening address
is its own for as long as it lives, so that what is cut comes back where it was. Time is the Clock port's.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from harness.clock import Clock

PIECE = 64 * 1024
HOST = "127.0.0.1"
# Close at once and without a word: what was not sent is thrown away, and the other side gets a RST.
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where something listens: a TCP port, or the path of a Unix socket.
    """

    host: str = HOST
    port: int = 0
    path: Path | None = None


@dataclass(slots=True)
class _Way:
    """How the link is at present."""

    cut: str = ""  # "", refuse, silence or half_open
    latency_s: float = 0.0
    bytes_per_s: int | None = None


@dataclass(eq=False, slots=True)
class _Pair:
    """One connection on both sides of the relay; *far* is None while nobody has been reached."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)


class Proxy:
    """
    A link to *upstream*; made by `Proxy.open`, ended by `close`.
    """

    def __init__(self, upstream: Address, *, clock: Clock) -> None:
        self.upstream = upstream
        self.address = Address()
        self._clock = clock
        self._way = _Way()
        self._pairs: set[_Pair] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None

    @classmethod
    async def open(cls, upstream: Address, *, clock: Clock, listen: Path | None = None) -> Self:
        """
        Listen for connections to *upstream*.

        Args:
            listen: the Unix socket to listen at; a free port of this machine by default.
        """
        proxy = cls(upstream, clock=clock)
        if listen is None:
            # Bound and never listening, it keeps the port for us while nobody is to get through.
            proxy._placeholder = _bound(0)
            proxy.address = Address(port=proxy._placeholder.getsockname()[1])
        else:
            proxy.address = Address(path=listen)
        await proxy._listen()
        return proxy

    @property
    def connections(self) -> int:
        """
        How many are open now.
        """
        return len(self._pairs)

    async def cut(self, how: str = "refuse") -> None:
        """
        Let nothing through.

        Args:
            how: "refuse" tears what is open and refuses what comes; in "silence" connections stay, new ones too, and
                carry nothing until the link is healed; "half_open" hangs up at the far side and never tells the near.
        """
        await self.heal()
        self._way.cut = how
        if how == "refuse":
            await self._stop_listening()
            self._tear(self._pairs)
            return
        self._flowing.clear()
        if how == "half_open":
            for pair in self._pairs:
                _abort(pair.far)

    def slow(self, *, latency_s: float = 0.0, bytes_per_s: int | None = None) -> None:
        """
        Let every piece wait, in either direction.
        """
        self._way.latency_s, self._way.bytes_per_s = latency_s, bytes_per_s

    def reset(self) -> None:
        """
        Tear what is open; new connections are welcome.
        """
        self._tear(self._pairs)

    async def heal(self) -> None:
        """
        As if nothing had happened, except to connections that nobody is there for any more.
        """
        former, self._way = self._way.cut, _Way()
        if former == "half_open":
            self._tear(self._pairs)
        self._flowing.set()
        if self._server is None:
            await self._listen()

    async def close(self) -> None:
        """
        Tear everything and stop listening; closing twice is harmless.
        """
        await self._stop_listening()
        self._tear(self._pairs)
        tasks = [task for pair in self._pairs for task in pair.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        if self.address.path is not None:
            self.address.path.unlink(missing_ok=True)

    async def _listen(self) -> None:
        path = self.address.path
        if path is None:
            self._server = await asyncio.start_server(self._met, sock=_bound(self.address.port))
            return
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._met, path=str(path))

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _met(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        pair = _Pair(near)
        self._pairs.add(pair)
        # A task of our own: asyncio complains of one of its own that is cancelled.
        pair.tasks.append(asyncio.create_task(self._relay(pair, reader)))

    async def _relay(self, pair: _Pair, reader: asyncio.StreamReader) -> None:
        near = pair.near
        try:
            await self._flowing.wait()
            far_reader, pair.far = await self._reach()
            back = asyncio.create_task(self._pump(far_reader, near))
            pair.tasks.append(back)
            await self._pump(reader, pair.far)
            await back
        except OSError:
            # Whoever listened there is gone, or the other side tore the line: so do we.
            _abort(near)
        finally:
            for other in pair.tasks[1:]:
                other.cancel()
            self._pairs.discard(pair)
            _abort(pair.far)
            near.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        upstream = self.upstream
        if upstream.path is not None:
            return await asyncio.open_unix_connection(str(upstream.path))
        return await asyncio.open_connection(upstream.host, upstream.port)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            await self._flowing.wait()
            way = self._way
            wait_s = way.latency_s + (len(piece) / way.bytes_per_s if way.bytes_per_s else 0.0)
            if wait_s:
                await self._clock.sleep(wait_s)
                await self._flowing.wait()
            writer.write(piece)
            await writer.drain()
        await self._flowing.wait()
        if writer.can_write_eof():
            writer.write_eof()

    def _tear(self, pairs: set[_Pair]) -> None:
        for pair in list(pairs):
            _abort(pair.near)
            _abort(pair.far)


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Two sockets of ours share the port: the one that keeps it, and the one that listens.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.close()
        raise
    return sock


def _abort(writer: asyncio.StreamWriter | None) -> None:
    if writer is None:
        return
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family == socket.AF_INET:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    writer.transport.abort()
