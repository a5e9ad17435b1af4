"""
A tipping spike into one room: twenty times the steady rate, which is half of what the machine has just carried.

That is measured anew before each round: a shared machine was seen to lose a third of its speed within the hour that
five rounds take, and half of what it once carried was then nearly all that it could carry.

What is taken in while it lasts is measured by what a gateway takes in that has nothing else to do: the same spike, at
the same rate, at a gateway with the role `admit`, which calls no channel. Both are generated on the same two cores.

`python -m tools.bench.spike SPIKE…` is one such run by itself; the case calls it.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.load.command import run_load
from harness.load.plan import LoadPlan
from harness.settings import HarnessSettings
from tools.bench.chain import REPO, RSA, half_of_capacity, home_in, middle, read_json, run

ADMITS_ONLY = {"GATEWAY_ROLE": "admit"}
# Nobody opens what it took in, so nothing is waited for.
PATIENCE_S = 2.0
ADMITTING_S = 40
LASTS_S = 480
KEPT = ("report.html", "series.json", "summary.json")
TARGETS = {"accepted_ratio": 0.9, "p99_ratio": 1.2, "lost": 0, "refused_without_retry_after": 0}


def spike(rounds: int) -> dict[str, Any]:
    """
    Spikes, each beside the same at a gateway that only admits.

    The pages of the runs are kept in the folder `bench-spike`, for their charts.
    """
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        home = home_in(name)
        # What was only admitted is still to be opened, by whoever comes to that database next.
        elsewhere = home.with_name("admitting")
        words = ("--generator", "light", "--mix", RSA)
        admitted, made, rates = [], [], []
        for number in range(1, rounds + 1):
            rate = half_of_capacity(home, *words, "--seed", str(number))
            rates.append(rate)
            admitted.append(_admitted(elsewhere, rate=rate, seed=number))
            words_now = (*words, "--rate", str(rate), "--duration", str(LASTS_S), "--seed", str(number))
            made.append(run(home, "spike", *words_now, out=Path(name) / f"run-{number}"))
            _keep(Path(name) / f"run-{number}", Path("bench-spike") / str(number))
    return told(made, admitted, rates=rates)


def told(
    made: Sequence[Mapping[str, Any]], admitted: Sequence[Mapping[str, Any]], *, rates: Sequence[int]
) -> dict[str, Any]:
    """
    Medians, and every round beside them.

    Args:
        rates: of each round, visits a second before and after its spike.
    """
    spikes = [one["spike"] for one in made]
    alone = [one["spike"]["accepted_per_s"] for one in admitted]
    # Where the backlog outlived the run, nobody saw what came 30 s after it.
    again = [one["p99_ratio"] for one in spikes if one["p99_after_from_s"] is not None and one["p99_ratio"] is not None]
    ratios = [own["accepted_per_s"] / most for own, most in zip(spikes, alone, strict=True)]
    return {
        "targets": TARGETS,
        "rates": list(rates),
        "wanted_per_s": [one["wanted_per_s"] for one in spikes],
        "accepted_ratio": middle(ratios),
        "accepted_ratios": [round(ratio, 3) for ratio in ratios],
        "accepted_per_s": [one["accepted_per_s"] for one in spikes],
        "accepted_alone_per_s": alone,
        "refused_per_s": [one["refused_per_s"] for one in spikes],
        "refused_without_retry_after": sum(one["refused_without_retry_after"] for one in made),
        "unanswered": sum(one["unanswered"] for one in made),
        "lost": sum(one["lost"] + one["forgotten"] for one in made),
        "settled": [one["settled"] for one in made],
        "accepted": [one["accepted"] for one in made],
        "drained_s": [one["drained_s"] for one in spikes],
        "p99_before_ms": [one["p99_before_ms"] for one in spikes],
        "p99_during_ms": [one["p99_during_ms"] for one in spikes],
        "p99_after_ms": [one["p99_after_ms"] for one in spikes],
        "p99_after_from_s": [one["p99_after_from_s"] for one in spikes],
        "p99_ratio": statistics.median(again) if again else None,
        "p99_ratios": [one["p99_ratio"] for one in spikes],
        "limited_by": sorted({one["limited_by"] for one in made if one["limited_by"]}),
        "durability": made[0]["durability"],
        "cores": os.cpu_count(),
        "rounds": len(made),
    }


def _admitted(home: Path, *, rate: int, seed: int) -> Mapping[str, Any]:
    out = home.parent / f"admitted-{seed}"
    words = ("--rate", str(rate), "--seed", str(seed), "--home", str(home), "--out", str(out))
    # It is undecided, for nobody pays; what was taken in stands in its folder.
    command = [sys.executable, "-m", "tools.bench.spike", *words]
    subprocess.run(command, cwd=REPO, stdout=sys.stderr, check=False)
    return read_json(out / "summary.json")


def _keep(folder: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        shutil.copy(folder / name, to / name)


def main(argv: list[str]) -> int:
    """
    The spike at a gateway that only admits.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.bench.spike")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(argv)
    plan = LoadPlan(
        shape="spike",
        rate=chosen.rate,
        seed=chosen.seed,
        duration_s=ADMITTING_S,
        mix=RSA,
        generator="light",
        gateway_env=ADMITS_ONLY,
        patience_s=PATIENCE_S,
    )
    return asyncio.run(run_load(plan, settings=HarnessSettings(home=chosen.home, out=chosen.out)))


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"spike": spike}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
