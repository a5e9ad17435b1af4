"""
`python -m tools.bench.workers`: what it costs to serve with several processes, as processor time for each call.

Every way is played in one run, several times over, on requests signed beforehand. Processor time is what is compared:
calls a second on a machine that also makes the calls say little.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mock_providers.core.wire.identities import merchant_folders
from tools.bench import alipay
from tools.bench.replay import CONNECTIONS, _Client, cpu_of
from tools.bench.server import REPO
from tools.bench.yardsticks import on_core

MERCHANTS = 2


@dataclass(frozen=True, slots=True)
class Way:
    """
    One way to serve.

    Args:
        workers: 0 is one process for each merchant, each on ports of its own.
        mixed: every connection names the merchants in turn; otherwise each keeps to one.
        relayed: a process in between that copies bytes, which is the least that a relay must do.
    """

    name: str
    workers: int
    mixed: bool = False
    relayed: bool = False


WAYS = (
    Way("one process", 1),
    Way("one process, merchants mixed", 1, mixed=True),
    Way("a process and a port for each merchant", 0),
    Way("2 workers, handed over once", 2),
    Way("2 workers, handed over at every request", 2, mixed=True),
    Way("one process behind a relay of bytes", 1, relayed=True),
)


@contextmanager
def served(folder: Path, way: Way) -> Iterator[tuple[list[str], list[int]]]:
    """
    A simulator that serves this way: an address for each merchant, and all processes of it.
    """
    with ExitStack() as stack:
        if way.workers == 0:
            started = [stack.enter_context(_process(one, "--merchants", "1")) for one in merchant_folders(folder, 2)]
            yield [ready["alipay_url"] for _, ready in started], [pid for pid, _ in started]
            return
        flags = ("--workers", str(way.workers), "--merchants", str(MERCHANTS))
        pid, ready = stack.enter_context(_process(folder, *flags))
        pids, url = [pid, *_children(pid)], str(ready["alipay_url"])
        if way.relayed:
            relay, url = stack.enter_context(_relay(url))
            pids.append(relay)
        yield [url] * MERCHANTS, pids


@contextmanager
def _process(credentials: Path, *flags: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    command = [sys.executable, "-m", "mock_providers", "--credentials-dir", str(credentials), *flags]
    with subprocess.Popen(
        on_core(command, None), cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield process.pid, json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _relay(target: str) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "tools.bench.relay", target]
    with subprocess.Popen(on_core(command, None), cwd=REPO, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process.pid, process.stdout.readline().decode().strip()
        finally:
            process.terminate()


def _children(pid: int) -> list[int]:
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split())]


async def played(urls: Sequence[str], requests: Sequence[Sequence[bytes]], *, mixed: bool) -> int:
    """
    Send everything over a few kept connections; how many answers were a success.
    """
    loop = asyncio.get_running_loop()
    answers: Counter[str] = Counter()
    clients = []
    for number in range(CONNECTIONS):
        merchant = number % MERCHANTS
        mine = _turns(requests, number) if mixed else iter(requests[merchant][number // MERCHANTS :: CONNECTIONS // 2])
        where = urlsplit(urls[merchant])
        made = await loop.create_connection(_maker(mine, answers), where.hostname, where.port)
        clients.append(made[1])
    await asyncio.gather(*(client.done for client in clients))
    return int(answers["ok"])


def _turns(requests: Sequence[Sequence[bytes]], number: int) -> Iterator[bytes]:
    for place in range(number, len(requests[0]), CONNECTIONS):
        yield from (mine[place] for mine in requests)


def _maker(mine: Iterator[bytes], answers: Counter[str]) -> Callable[[], _Client]:
    return lambda: _Client(mine, answers, alipay.judge)


def measured(folder: Path, way: Way, *, calls: int, first: int) -> float:
    """
    Microseconds of processor time for each call, over all processes.
    """
    folders = merchant_folders(folder, MERCHANTS)
    signers = [alipay.Requests(one) for one in folders]
    requests = [[one.precreate(first + number) for number in range(calls // 2)] for one in signers]
    with served(folder, way) as (urls, pids):
        before = sum(map(cpu_of, pids))
        good = asyncio.run(played(urls, requests, mixed=way.mixed))
        spent = sum(map(cpu_of, pids)) - before
    assert good == calls // 2 * 2, f"{way.name}: {good} of {calls} calls succeeded"
    return spent / good * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.workers")
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "credentials"
        with _process(folder, "--merchants", str(MERCHANTS)):
            pass  # which makes the keys
        spent: dict[str, list[float]] = {way.name: [] for way in WAYS}
        for turn in range(given.rounds):
            for way in WAYS:
                spent[way.name].append(measured(folder, way, calls=given.calls, first=turn * given.calls))
                print(f"round {turn + 1}: {way.name}: {spent[way.name][-1]:.0f} us a call", flush=True)
    base = statistics.median(spent[WAYS[0].name])
    for what, rounds in spent.items():
        middle = statistics.median(rounds)
        print(f"{what:<42} {middle:6.0f} us a call ({min(rounds):.0f} to {max(rounds):.0f}), {middle / base:.2f}")


if __name__ == "__main__":
    main()
