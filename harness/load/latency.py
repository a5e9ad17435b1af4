"""
Answers that take as long as a real provider's: a profile with one delay for each hundredth of a lognormal distribution.

Which hundredth a payment gets hangs on the last two digits of its label and on the seed, so that of any hundred
payments in a row each delay strikes one: the percentiles are exact, not drawn. It refuses to know who is asked.
"""

import hashlib
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import orjson
from ruamel.yaml import YAML

P50_S, P99_S = 0.120, 0.800
PARTS = 100
_SIGMA = math.log(P99_S / P50_S) / NormalDist().inv_cdf(0.99)


def delays_s() -> list[float]:
    """
    The middle of each hundredth, in rising order.
    """
    return [P50_S * math.exp(_SIGMA * NormalDist().inv_cdf((part + 0.5) / PARTS)) for part in range(PARTS)]


def with_latency(profile: Path, *, into: Path, seed: int) -> Path:
    """
    Write a profile that is *profile* and late answers besides.
    """
    document: dict[str, Any] = YAML(typ="safe").load(profile.read_text(encoding="utf-8"))
    shuffled = sorted(range(PARTS), key=lambda part: hashlib.blake2b(f"{seed}/{part}".encode()).digest())
    late = [
        {
            "id": f"latency-{part:02d}",
            "fault": "delay",
            "where": {"on": "reply", "order": f"pp*{part:02d}"},
            "with": {"seconds": round(delay_s, 4)},
        }
        for part, delay_s in zip(shuffled, delays_s(), strict=True)
    ]
    document["profile"] = f"{document.get('profile', 'custom')} with real latency"
    document["rules"] = [*document.get("rules", ()), *late]
    into.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return into
