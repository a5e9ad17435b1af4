"""
Requests that were signed beforehand, sent on a schedule that asks nobody how fast the server is.

How long each took is counted from the moment at which it should have gone, also where no connection was free then. It
signs and verifies nothing, and of an answer only the end is looked for.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from loadtests.clock import wait
from loadtests.histogram import Histogram
from tools.bench.replay import answer_in

CONNECTIONS = 256


@dataclass(slots=True)
class Paced:
    """
    What came of it.

    Args:
        latency: from the moment at which each should have gone.
        lag: how late they went where a connection was free.
    """

    answers: Counter[str] = field(default_factory=Counter)
    latency: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)


class _Desk:
    """Connections that are free, and requests that wait for one."""

    def __init__(self, made: Paced, *, judge: Callable[[bytes], str], count: int) -> None:
        self._made, self._judge, self._left = made, judge, count
        self._free: list[_Client] = []
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._now = asyncio.get_running_loop().time
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def send(self, due_s: float, request: bytes) -> None:
        if self._free:
            self._made.lag.add(max(self._now() - due_s, 0.0))
            self._free.pop().send(due_s, request)
        else:
            self._waiting.append((due_s, request))

    def free(self, client: "_Client") -> None:
        if self._waiting:
            client.send(*self._waiting.popleft())
        else:
            self._free.append(client)

    def answered(self, due_s: float, answer: bytes) -> None:
        self._made.answers[self._judge(answer)] += 1
        self._made.latency.add(self._now() - due_s)
        self._left -= 1
        if not self._left:
            self.done.set_result(None)

    def lost(self, problem: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(problem or ConnectionError("the server closed a kept connection"))


class _Client(asyncio.Protocol):
    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._got, self._due_s = b"", 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._desk.free(self)

    def send(self, due_s: float, request: bytes) -> None:
        self._due_s = due_s
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        answer = answer_in(self._got)
        if answer is not None:
            self._got = self._got[len(answer) :]
            self._desk.answered(self._due_s, answer)
            self._desk.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._desk.lost(exc)


async def paced(
    url: str,
    requests: Sequence[bytes],
    *,
    per_s: float,
    judge: Callable[[bytes], str],
    connections: int = CONNECTIONS,
) -> Paced:
    """
    Send everything at its time and wait for the last answer.

    Args:
        judge: names the kind of an answer, head and body.
    """
    where, loop, made = urlsplit(url), asyncio.get_running_loop(), Paced()
    desk = _Desk(made, judge=judge, count=len(requests))
    clients = [
        (await loop.create_connection(lambda: _Client(desk), where.hostname, where.port))[1] for _ in range(connections)
    ]
    begun_s = loop.time()
    for number, request in enumerate(requests):
        due_s = begun_s + number / per_s
        if due_s > loop.time():
            await wait(due_s - loop.time())
        desk.send(due_s, request)
    await desk.done
    for client in clients:
        client.transport.close()
    return made
