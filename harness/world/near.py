"""
Speaks to the reference gateway of this very process with as little ado as HTTP allows: the same bytes over the same
sockets, and none of what a client for the open net takes time for (proxies, cookies, redirects, names).

It knows one form of answer, with a length, which is all that the reference gateway gives. It refuses to know what is
said.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from harness.sut.reference import Answer, ReferenceGateway

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class _Head:
    """The first part of an answer."""

    status: int
    headers: Mapping[str, str]
    body_at: int
    length: int


class _Line(asyncio.Protocol):
    """One connection, with one question at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._heard = bytearray()
        self._head: _Head | None = None
        self._answer: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the connection ended without an answer"))

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._head is None:
            end = self._heard.find(HEAD_END)
            if end < 0:
                return
            self._head = _head(bytes(self._heard[:end]), body_at=end + len(HEAD_END))
        head = self._head
        if len(self._heard) < head.body_at + head.length or self._answer is None or self._answer.done():
            return
        body = bytes(self._heard[head.body_at : head.body_at + head.length])
        self._answer.set_result(Answer(status=head.status, headers=head.headers, body=body))

    async def ask(self, request: bytes) -> Answer:
        """
        Send the bytes of a request and wait for its answer.
        """
        assert self.transport is not None
        self._heard.clear()
        self._head = None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def end(self) -> None:
        """
        Hang up: whatever may still come is nobody's answer any more.
        """
        if self.transport is not None:
            self.transport.abort()


class NearGateway(ReferenceGateway):
    """
    The reference gateway's driver, for one in this process.
    """

    def __init__(self, url: str, **how: Any) -> None:
        super().__init__(url, **how)
        self._idle: list[_Line] = []

    async def close(self) -> None:
        for line in self._idle:
            line.end()
        self._idle.clear()
        await super().close()

    async def _exchange(self, method: str, target: str, *, data: bytes, headers: Mapping[str, str]) -> Answer:
        place = urlsplit(self.url)
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {target} HTTP/1.1\r\nHost: {place.netloc}\r\n{told}Content-Length: {len(data)}\r\n\r\n"
        async with asyncio.timeout(self._retry.answer_s):
            line = await self._line(place)
            try:
                answer = await line.ask(head.encode() + data)
            except BaseException:
                line.end()
                raise
        self._idle.append(line)
        return answer

    async def _line(self, url: SplitResult) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if not line.lost:
                return line
        assert url.hostname is not None
        assert url.port is not None
        _, line = await asyncio.get_running_loop().create_connection(_Line, url.hostname, url.port)
        return line


def _head(text: bytes, *, body_at: int) -> _Head:
    first, *rest = text.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    assert "transfer-encoding" not in headers, "an answer without a length"
    return _Head(
        status=int(first.split(" ", 2)[1]),
        headers=headers,
        body_at=body_at,
        length=int(headers.get("content-length", "0")),
    )
