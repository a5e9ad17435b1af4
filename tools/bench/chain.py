"""
The whole chain: payments from the generator's request to the platform's webhook, and what each of its processes spends.

Every round is a run of `payproof load` with its own servers, durability on; its audit must be clean, or there is no
figure. Wall rates say much about the neighbours on a shared machine; processor time for each payment says less about
them.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tools.bench.yardsticks import on_core

REPO = Path(__file__).parents[2]
SECONDS = 10
FOUND_SHOWN = 4000
GROUPS = ("generator", "gateway", "providers", "database", "redis")
RSA = "alipay=34,wechatpay_v3=33,unionpay_rsa=33"
KEYED = "wechatpay_v2=50,unionpay_keyed=50"


def run(home: Path, *words: str, out: Path | None = None) -> dict[str, Any]:
    """
    One run of `payproof load`; its JSON object.

    Args:
        out: the run folder; one that vanishes with the home otherwise.
    """
    command = [sys.executable, "-m", "harness", "load", *words, "--profile", "load", "--home", str(home), "--json"]
    command += [] if out is None else ["--out", str(out)]
    done = subprocess.run(on_core(command, None), cwd=REPO, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise SystemExit(f"bench: {' '.join(words)} gave nothing: {done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    refuse_damage(told, words=words, folder=home / "runs" / "latest" if out is None else out)
    return told


def refuse_damage(told: Mapping[str, Any], *, words: Sequence[str], folder: Path) -> None:
    """
    End the benchmark where the audit of a run found something: there is no figure then.

    Args:
        folder: the run's; it is about to vanish, and with it what was found.
    """
    damaged = [key for key in ("lost", "forgotten", "credited_twice", "mismatched") if told[key]]
    if damaged:
        found = (folder / "findings.json").read_text()
        raise SystemExit(f"bench: {' '.join(words)}: the audit found {damaged}: {found[:FOUND_SHOWN]}")


def capacity(rounds: int, *, mix: str, generator: str, targets: Mapping[str, float]) -> dict[str, Any]:
    """
    As much as comes back.
    """
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        home = home_in(name)
        words = ("capacity", "--generator", generator, "--mix", mix, "--duration", str(SECONDS))
        made = [run(home, *words, "--seed", str(number)) for number in range(1, rounds + 1)]
    return {"targets": dict(targets), "generator": generator, **told(made)}


def half_load(rounds: int) -> dict[str, Any]:
    """
    Latencies at half of what the same machine has just carried, measured anew before each round.
    """
    words = ("--generator", "light", "--mix", RSA)
    made, rates = [], []
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        home = home_in(name)
        for number in range(1, rounds + 1):
            seed = ("--seed", str(number))
            rate = half_of_capacity(home, *words, *seed)
            rates.append(rate)
            made.append(run(home, "steady", *words, "--rate", str(rate), "--duration", str(SECONDS), *seed))
    latencies = {key: levels(made, key) for key in ("latency_ms", "params_ms", "settle_ms", "push_ms")}
    return {"targets": {"latency_ms.p99": 100, "push_ms.p99": 100}, "rates": rates, **latencies, **told(made)}


def half_of_capacity(home: Path, *words: str) -> int:
    """
    Half of what the machine carries now, in whole payments a second, and one at least.

    Args:
        words: the flags of `payproof load capacity`, its duration left out.
    """
    most = run(home, "capacity", *words, "--duration", str(SECONDS))
    return max(round(most["payments_per_s"] / 2), 1)


def levels(made: Sequence[Mapping[str, Any]], key: str) -> dict[str, float | None]:
    """
    Medians of a latency over the runs that measured it; None where none did.
    """
    measured = [one[key] for one in made if one[key]]
    return {level: middle([one[level] for one in measured]) if measured else None for level in ("p50", "p99")}


def told(made: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    Medians with their spread; ratios of rounds in which the machine was the same before and after.
    """
    ratios = [one["bound_ratio"] for one in made if one["bound_ratio"] is not None]
    each = {
        group: [1000 * one["cpu_s"][group] / one["settled"] for one in made if one["cpu_s"][group] is not None]
        for group in GROUPS
    }
    rates = [one["payments_per_s"] for one in made]
    return {
        "payments_per_s": middle(rates),
        "spread": [min(rates), max(rates)],
        "rsa_bound_per_s": middle([one["rsa_bound_per_s"] for one in made]),
        "bound_ratio": middle(ratios) if ratios else None,
        "unsteady_rounds": len(made) - len(ratios),
        "sign_share": middle([one["sign_share"] for one in made]) if made[0]["sign_share"] is not None else None,
        "cpu_ms_per_payment": {group: middle(values) for group, values in each.items() if values},
        "least_cpu_ms_per_payment": {group: round(min(values), 3) for group, values in each.items() if values},
        "limited_by": sorted({one["limited_by"] for one in made if one["limited_by"]}),
        "durability": made[0]["durability"],
        "cores": os.cpu_count(),
        "rounds": len(made),
    }


def read_json(file: Path) -> dict[str, Any]:
    """
    What a run left in a file of its folder.
    """
    said: dict[str, Any] = json.loads(file.read_text())
    return said


def middle(values: Sequence[float]) -> float:
    """
    The median, as it is told.
    """
    return round(statistics.median(values), 3)


def home_in(name: str) -> Path:
    """
    A home in a temporary folder.
    """
    folder = Path(name)
    folder.chmod(0o711)  # a server of another user reaches its data through it
    return folder / "home"


RSA_TARGETS = {"bound_ratio": 0.5, "sign_share": 0.55}
CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "chain-rsa": partial(capacity, mix=RSA, generator="light", targets=RSA_TARGETS),
    "chain-rsa-locust": partial(capacity, mix=RSA, generator="locust", targets={"bound_ratio": 0.45}),
    "chain-keyed": partial(capacity, mix=KEYED, generator="light", targets={"payments_per_s": 2000}),
    "chain-half-load": half_load,
}
