"""
What benchmarks make of their runs.
"""

from typing import Any

from tools.bench.chain import levels
from tools.bench.spike import told


def spiked(*, ratio: float | None, from_s: int | None) -> dict[str, Any]:
    spike = {
        "wanted_per_s": 4000.0,
        "accepted_per_s": 3900.0,
        "refused_per_s": 0.0,
        "drained_s": 100,
        "p99_before_ms": 100.0,
        "p99_during_ms": 900.0,
        "p99_after_ms": None if ratio is None else 100.0 * ratio,
        "p99_after_from_s": from_s,
        "p99_ratio": ratio,
    }
    counted = {"refused_without_retry_after": 0, "unanswered": 0, "lost": 0, "forgotten": 0}
    return {"spike": spike, "settled": 9, "accepted": 9, "limited_by": None, "durability": {}, **counted}


def test_what_came_before_the_backlog_was_gone_says_nothing_of_after_it():
    made = [spiked(ratio=0.9, from_s=30), spiked(ratio=1.1, from_s=30), spiked(ratio=7.0, from_s=None)]

    assert told(made, made, rates=[200, 200, 190])["p99_ratio"] == 1.0
    assert told(made[2:], made[2:], rates=[190])["p99_ratio"] is None


def test_a_latency_that_no_run_measured_is_null():
    made: list[dict[str, Any]] = [
        {"push_ms": None, "latency_ms": {"p50": 3.0, "p99": 9.0}},
        {"push_ms": None, "latency_ms": None},
    ]

    assert levels(made, "push_ms") == {"p50": None, "p99": None}
    assert levels(made, "latency_ms") == {"p50": 3.0, "p99": 9.0}
