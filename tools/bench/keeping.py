"""
What it costs to keep orders: memory for each, the rate when a million are there, and that calls alone cost none.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.bench import alipay, wechatpay
from tools.bench.replay import memory_of, replay
from tools.bench.server import Server, simulator
from tools.bench.yardsticks import apart

# By then the journal's memory and the fault desk's are full, and only orders add to the simulator's.
FULL = 110_000
KEPT = 100_000
AT_A_TIME = 10_000
FEW, MANY = 1_000, 1_000_000
CALLS = 3000
# The first mark is before the journal's memory is full.
MARKS = (20_000, 100_000, 500_000, 1_000_000)


def memory(_: int) -> dict[str, Any]:
    """
    Bytes for each order that was opened and closes unpaid, with the journal on disk.
    """
    with (
        apart() as core,
        tempfile.TemporaryDirectory(prefix="payproof-bench-") as folder,
        simulator(Path(folder), core=core) as server,
    ):
        requests = alipay.Requests(server.credentials)
        _open(server, requests, range(FULL))
        before = memory_of(server.pid)
        _open(server, requests, range(FULL, FULL + KEPT))
        grown = memory_of(server.pid) - before
    return {"orders": KEPT, "bytes_per_order": round(grown / KEPT), "target": 2048}


def million(rounds: int) -> dict[str, Any]:
    """
    Precreates a second over a book of a million orders, against one of a thousand; taken in turns.
    """
    with apart() as core, tempfile.TemporaryDirectory(prefix="payproof-bench-") as folder:
        few, many = (Path(folder, name) for name in ("few", "many"))
        with simulator(few, core=core, filled=FEW) as small, simulator(many, core=core, filled=MANY) as large:
            ratios = []
            for number in range(rounds + 1):
                numbers = range(number * CALLS, (number + 1) * CALLS)
                rates = [_open(one, alipay.Requests(one.credentials), numbers) for one in (small, large)]
                ratios.append(rates[1] / rates[0])
            held = memory_of(large.pid)
    ratios = ratios[1:]  # the first one warms up
    return {
        "target": 0.9,
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "bytes_per_order": round(held / MANY),
        "rounds": rounds,
    }


def flat(_: int) -> dict[str, Any]:
    """
    Memory over a million calls about the same orders, half of them opened again and half asked about; the journal
    is what memory keeps of it.
    """
    held: dict[str, float] = {}
    with (
        apart() as core,
        tempfile.TemporaryDirectory(prefix="payproof-bench-") as folder,
        simulator(Path(folder), core=core, written=False) as server,
    ):
        requests = wechatpay.Requests(server.credentials)
        opened, asked = ([make(number) for number in range(FEW)] for make in (requests.unified, requests.asked))
        turn = opened * 5 + asked * 5
        calls, begun_s = 0, time.perf_counter()
        for mark in MARKS:
            while calls < mark:
                done = asyncio.run(replay(_wechat(server), turn, judge=wechatpay.judge_xml, pid=server.pid))
                if set(done.answers) != {"ok"}:
                    raise SystemExit(f"bench: calls were refused: {dict(done.answers)}")
                calls += done.calls
            held[str(calls)] = round(memory_of(server.pid) / 2**20, 1)
        elapsed_s = time.perf_counter() - begun_s
    first, last = list(held.values())[1], list(held.values())[-1]
    return {
        "target": 1.02,
        "ratio": round(last / first, 3),
        "megabytes": held,
        "calls_per_s": round(calls / elapsed_s),
    }


def _wechat(server: Server) -> str:
    return str(server.ready["wechatpay_url"])


def _open(server: Server, requests: alipay.Requests, numbers: Sequence[int]) -> float:
    """Open orders; how many a second, waiting for signatures not counted."""
    elapsed_s = 0.0
    for start in range(0, len(numbers), AT_A_TIME):
        signed = [requests.precreate(number) for number in numbers[start : start + AT_A_TIME]]
        done = asyncio.run(replay(str(server.ready["alipay_url"]), signed, judge=alipay.judge, pid=server.pid))
        if set(done.answers) != {"ok"}:
            raise SystemExit(f"bench: orders were not opened: {dict(done.answers)}")
        elapsed_s += done.elapsed_s
    return len(numbers) / elapsed_s


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"memory": memory, "million": million, "flat": flat}
