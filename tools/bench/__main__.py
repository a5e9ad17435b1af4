"""
`make bench`: what this machine can do, as ratios taken in one run; results go to docs/benchmarks.md by hand.

Every figure is a median of rounds, with its spread. A yardstick (signatures a second on the same core) is measured just
before and just after each round, and a round between two yardsticks that differ by more than 5 % is told as noisy.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench import alipay
from tools.bench.replay import Replay, replay
from tools.bench.server import Server, simulator
from tools.bench.signs import Signs, cores, measure

ROUNDS = 5
CALLS = 3000
NOISY = 0.05


@dataclass(frozen=True, slots=True)
class Case:
    """
    One kind of call against its yardstick.

    Args:
        target: the ratio that is wanted.
        yardstick: the signature whose speed it is measured by.
        url: which of the ready line's addresses.
        request: signs the request of a number beforehand.
    """

    name: str
    target: float
    yardstick: str
    url: str
    requests: Callable[[Path], Callable[[int], bytes]]
    judge: Callable[[bytes], str]


CASES = (
    Case("alipay precreate", 0.70, "rsa", "alipay_url", lambda folder: alipay.Requests(folder).precreate, alipay.judge),
)


def rounds(case: Case, *, count: int, calls: int) -> dict[str, Any]:
    """
    Play a case.
    """
    server_core, own_core = cores()
    if own_core is not None:
        os.sched_setaffinity(0, {own_core})
    with (
        tempfile.TemporaryDirectory(prefix="payproof-bench-") as folder,
        simulator(Path(folder), core=server_core) as server,
    ):
        request = case.requests(server.credentials)
        asyncio.run(_play(case, server, [request(number) for number in range(500)]))
        made = []
        for number in range(1, count + 1):
            signed = [request(1000 + number * calls + one) for one in range(calls)]
            made.append(_round(case, server, signed, core=server_core))
    return _told(case, made)


@dataclass(frozen=True, slots=True)
class _Round:
    before: Signs
    after: Signs
    replay: Replay

    @property
    def ratio(self) -> float:
        return self.replay.per_s / statistics.mean((self.before.per_s, self.after.per_s))

    @property
    def cpu_ratio(self) -> float:
        """The same by processor time alone, which other people's work on the machine changes less."""
        return statistics.mean((self.before.cpu_s, self.after.cpu_s)) / (self.replay.cpu_s / self.replay.calls)

    @property
    def noisy(self) -> bool:
        return abs(self.before.per_s - self.after.per_s) > NOISY * max(self.before.per_s, self.after.per_s)


def _round(case: Case, server: Server, signed: Sequence[bytes], *, core: int | None) -> _Round:
    before = measure(case.yardstick, core=core)
    done = asyncio.run(_play(case, server, signed))
    return _Round(before, measure(case.yardstick, core=core), done)


async def _play(case: Case, server: Server, signed: Sequence[bytes]) -> Replay:
    done = await replay(str(server.ready[case.url]), signed, judge=case.judge, pid=server.pid)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"bench: {case.name} was not answered as it should be: {dict(done.answers)}")
    return done


def _told(case: Case, made: Sequence[_Round]) -> dict[str, Any]:
    ratios = [one.ratio for one in made]
    return {
        "case": case.name,
        "target": case.target,
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "cpu_ratio": round(statistics.median(one.cpu_ratio for one in made), 3),
        "calls_per_s": round(statistics.median(one.replay.per_s for one in made)),
        "signs_per_s": round(statistics.median(statistics.mean((one.before.per_s, one.after.per_s)) for one in made)),
        "noisy_rounds": sum(one.noisy for one in made),
        "rounds": len(made),
    }


def main(argv: list[str]) -> int:
    """
    Play the named cases, or all of them.
    """
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").strip().partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(case.name for case in CASES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--calls", type=int, default=CALLS, help="in each round")
    chosen = parser.parse_args(argv)
    for case in CASES:
        if not chosen.cases or any(name in case.name for name in chosen.cases):
            print(json.dumps(rounds(case, count=chosen.rounds, calls=chosen.calls)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
