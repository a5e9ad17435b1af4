"""
Requests that were signed beforehand, sent to a server as fast as it answers, over a few kept connections.

It measures the server and not itself: nothing is signed or verified here, and of an answer only the end is looked for.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

CONNECTIONS = 8
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Replay:
    """
    What came of it.

    Args:
        answers: how many answers of each kind that *judge* named.
        cpu_s: what the server's processes spent.
    """

    calls: int
    elapsed_s: float
    cpu_s: float
    answers: Counter[str]

    @property
    def per_s(self) -> float:
        return self.calls / self.elapsed_s


class _Client(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], answers: Counter[str], judge: Callable[[bytes], str]) -> None:
        self._requests, self._answers, self._judge = requests, answers, judge
        self._got = b""
        self._transport: asyncio.Transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        answer = answer_in(self._got)
        if answer is not None:
            self._answers[self._judge(answer)] += 1
            self._got = self._got[len(answer) :]
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a kept connection"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


def answer_in(got: bytes) -> bytes | None:
    """
    The first answer in what came over a connection; None while it has not come to its end.
    """
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = got[:end].lower()
    at = head.index(_LENGTH) + len(_LENGTH)
    size = end + 4 + int(head[at:].partition(b"\r")[0])
    return got[:size] if len(got) >= size else None


async def replay(
    url: str, requests: Sequence[bytes], *, judge: Callable[[bytes], str], pid: int, connections: int = CONNECTIONS
) -> Replay:
    """
    Send everything and wait for the last answer.

    Args:
        judge: names the kind of an answer, head and body.
        pid: of the server.
    """
    where = urlsplit(url)
    loop = asyncio.get_running_loop()
    waiting, answers = iter(requests), Counter[str]()
    spent_s, begun_s = cpu_of(pid), time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: _Client(waiting, answers, judge), where.hostname, where.port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    elapsed_s = time.perf_counter() - begun_s
    return Replay(len(requests), elapsed_s, cpu_of(pid) - spent_s, answers)


def cpu_of(pid: int) -> float:
    """
    Seconds of processor time that a process has used.
    """
    words = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> int:
    """
    Bytes that a process holds in memory.
    """
    return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")
