"""
`make bench`: what this machine can do, as ratios taken in one run; results go to docs/benchmarks.md by hand.

Every figure is a median of rounds, with its spread. A yardstick (signatures a second, or empty answers a second, on the
same core) is measured just before and just after each round, and a round between two yardsticks that differ by more
than 5 % is told as noisy.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench import (
    admission,
    alipay,
    chain,
    growth,
    keeping,
    notifies,
    scaling,
    soak,
    spike,
    stages,
    stored,
    tips,
    unionpay,
    wechatpay,
)
from tools.bench.replay import Replay, replay
from tools.bench.server import Server, simulator
from tools.bench.yardsticks import YARDSTICKS, Mark, apart

ROUNDS = 5
NOISY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One kind of call against its yardstick.

    Args:
        target: the ratio that is wanted; None where the figure is only told.
        yardstick: what it is measured by.
        url: which of the ready line's addresses.
        requests: from the credentials folder, what signs the request of a number.
        calls: in each round.
    """

    name: str
    target: float | None
    yardstick: str
    url: str
    requests: Callable[[Path], Callable[[int], bytes]]
    judge: Callable[[bytes], str]
    calls: int = 3000


CASES = (
    Case(
        name="alipay-precreate", target=0.70, yardstick="rsa", url="alipay_url",
        requests=lambda folder: alipay.Requests(folder).precreate, judge=alipay.judge,
    ),
    Case(
        name="wechatpay-native", target=0.70, yardstick="rsa", url="wechatpay_url",
        requests=lambda folder: wechatpay.Requests(folder).native, judge=wechatpay.judge_native,
    ),
    Case(
        name="wechatpay-unifiedorder-hmac", target=0.35, yardstick="empty", url="wechatpay_url", calls=10_000,
        requests=lambda folder: wechatpay.Requests(folder).unified, judge=wechatpay.judge_unified,
    ),
    Case(
        name="unionpay-back-rsa", target=0.70, yardstick="rsa", url="unionpay_url",
        requests=lambda folder: unionpay.Requests(folder).rsa(), judge=unionpay.judge,
    ),
    Case(
        name="unionpay-back-keyed", target=0.35, yardstick="empty", url="unionpay_url", calls=10_000,
        requests=lambda folder: unionpay.Requests(folder).keyed(), judge=unionpay.judge,
    ),
    Case(
        name="unionpay-back-sm2", target=None, yardstick="sm2", url="unionpay_url",
        requests=lambda folder: unionpay.Requests(folder).sm2(), judge=unionpay.judge,
    ),
)  # fmt: skip


# Each of them takes a quarter of an hour and more: played when they are named.
LONG = {**scaling.CASES, **spike.CASES, **stored.CASES, **soak.CASES}


def rounds(case: Case, *, count: int) -> dict[str, Any]:
    """
    Play a case.
    """
    with (
        apart() as core,
        tempfile.TemporaryDirectory(prefix="payproof-bench-") as folder,
        simulator(Path(folder), core=core) as server,
    ):
        request = case.requests(server.credentials)
        asyncio.run(_play(case, server, [request(number) for number in range(500)]))
        made = []
        for number in range(1, count + 1):
            signed = [request(1000 + number * case.calls + one) for one in range(case.calls)]
            made.append(_round(case, server, signed, core=core))
    return _told(case, made)


@dataclass(frozen=True, slots=True)
class _Round:
    before: Mark
    after: Mark
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
    yardstick = YARDSTICKS[case.yardstick]
    before = yardstick(core)
    done = asyncio.run(_play(case, server, signed))
    return _Round(before, yardstick(core), done)


async def _play(case: Case, server: Server, signed: Sequence[bytes]) -> Replay:
    done = await replay(str(server.ready[case.url]), signed, judge=case.judge, pid=server.pid)
    if set(done.answers) != {"ok"}:
        raise SystemExit(f"bench: {case.name} was not answered as it should be: {dict(done.answers)}")
    return done


def _told(case: Case, made: Sequence[_Round]) -> dict[str, Any]:
    ratios = [one.ratio for one in made]
    marks = [statistics.mean((one.before.per_s, one.after.per_s)) for one in made]
    return {
        "case": case.name,
        "yardstick": case.yardstick,
        "target": case.target,
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "cpu_ratio": round(statistics.median(one.cpu_ratio for one in made), 3),
        "calls_per_s": round(statistics.median(one.replay.per_s for one in made)),
        "yardstick_per_s": round(statistics.median(marks)),
        "noisy_rounds": sum(one.noisy for one in made),
        "rounds": len(made),
    }


def main(argv: list[str]) -> int:
    """
    Play the named cases, or all of them but the long ones.
    """
    others = {
        **keeping.CASES,
        **growth.CASES,
        **admission.CASES,
        **notifies.CASES,
        **stages.CASES,
        **tips.CASES,
        **chain.CASES,
    }
    names = [*(case.name for case in CASES), *others, *LONG]
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").strip().partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"the beginning of a name: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(argv)
    usual = [name for name in names if name not in LONG]
    wanted = [name for name in names if any(name.startswith(one) for one in chosen.cases)] if chosen.cases else usual
    if not wanted:
        parser.error(f"no case begins with {chosen.cases[0]}; there are {', '.join(names)}")
    for case in CASES:
        if case.name in wanted:
            print(json.dumps(rounds(case, count=chosen.rounds)), flush=True)
    for name, play in {**others, **LONG}.items():
        if name in wanted:
            print(json.dumps({"case": name, **play(chosen.rounds)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
