"""
Ten minutes at one rate, once everything is full that is kept for a time: does any process hold more at the end?
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.bench.chain import RSA, home_in, read_json, run

RATE = 200
# Redis keeps a nonce for 640 s and takes some minutes more to give back what is over: then memory is what it stays.
WARM_S, MEASURED_S = 900, 600
LASTS_S = WARM_S + MEASURED_S
WINDOW_S = 30
FLAT = 1.05


def soak(_rounds: int) -> dict[str, Any]:
    """
    Resident memory by process after one, two, … minutes, and the last minute against the first that counts.
    """
    words = ("--generator", "light", "--crowd", "tipper=1", "--mix", RSA, "--rate", str(RATE))
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as name:
        made = run(home_in(name), "soak", *words, "--duration", str(LASTS_S), out=Path(name) / "run")
        memory = read_json(Path(name) / "run" / "series.json")["memory_mb"]
    minutes = {
        group: [_around(points, 60 * n) for n in range(1, LASTS_S // 60 + 1)] for group, points in memory.items()
    }
    ratios = {
        group: round(_around(points, LASTS_S) / _around(points, WARM_S), 3)
        for group, points in memory.items()
        if _around(points, WARM_S)
    }
    keys = (
        "sent",
        "settled",
        "lost",
        "forgotten",
        "credited_twice",
        "unanswered",
        "latency_ms",
        "settle_ms",
        "verdict",
    )
    return {
        "targets": {"ratio": FLAT},
        "rate": RATE,
        "lasts_s": LASTS_S,
        "ratios": ratios,
        "memory_mb_by_minute": minutes,
        "cpu_ms_per_payment": {group: round(1000 * s / made["settled"], 3) for group, s in made["cpu_s"].items()},
        **{key: made[key] for key in keys},
        "limited_by": made["limited_by"],
        "cores": os.cpu_count(),
        "rounds": 1,
    }


def _around(points: Sequence[tuple[float, float]], at_s: float) -> float:
    """The mean of half a minute before that time."""
    seen = [value for at, value in points if at_s - WINDOW_S <= at <= at_s]
    return round(sum(seen) / len(seen), 1) if seen else 0.0


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"soak": soak}
