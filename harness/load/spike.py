"""
What became of a spike: how much was taken in while it lasted, how long its backlog was felt, how fast things are again.

Pure; it reads the record and the books, second by second, and refuses to judge.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.load.figures import Figures
from harness.load.plan import LoadPlan
from loadtests.histogram import Histogram
from loadtests.shapes import Schedule

# The last part of the run, in which everything should be as it was.
LAST_SHARE = 4
# Settling is as usual again within this factor of what it was, and a blink is no lag.
AGAIN = 1.2
BLINK_MS = 250.0


def spike_of(plan: LoadPlan, figures: Figures) -> Mapping[str, Any] | None:
    """
    The figures of a spike; None for shapes without one.
    """
    if plan.shape != "spike" or plan.form.schedule is None:
        return None
    schedule: Schedule = plan.form.schedule(plan.rate, plan.lasts_s)
    lead, rise, high, _ = schedule.segments
    high_at, over_at = int(lead.duration_s + rise.duration_s), int(lead.duration_s + rise.duration_s + high.duration_s)
    # The first seconds warm everything up.
    before = range(min(2, int(lead.duration_s) // 2), int(lead.duration_s))
    during = range(high_at, over_at)
    after = range(int(plan.lasts_s - plan.lasts_s / LAST_SHARE), int(plan.lasts_s))
    p99_before, p99_after = _p99(figures, before), _p99(figures, after)
    return {
        "wanted_per_s": round(high.begin, 1),
        "accepted_per_s": _accepted(figures, during),
        "refused_per_s": round(sum(figures.record.seconds[s].refused for s in during) / max(len(during), 1), 1),
        "p99_before_ms": p99_before,
        "p99_during_ms": _p99(figures, during),
        "p99_after_ms": p99_after,
        "p99_ratio": None if not p99_before or p99_after is None else round(p99_after / p99_before, 2),
        "drained_s": _drained_s(figures, before=before, over_at=over_at),
    }


def _accepted(figures: Figures, seconds: range) -> float:
    return round(sum(figures.record.seconds[second].accepted for second in seconds) / max(len(seconds), 1), 1)


def _p99(figures: Figures, seconds: Iterable[int]) -> float | None:
    together = Histogram()
    for second in seconds:
        if second in figures.record.seconds:
            together.merge(figures.record.seconds[second].latency)
    return round(together.percentile_ms(99), 1) if together.count else None


def _drained_s(figures: Figures, *, before: range, over_at: int) -> int | None:
    """
    How long after the spike payments were still settled later than usual; None where it never became usual again.
    """
    lags = figures.books.settle_by_second
    usual = Histogram()
    for second in before:
        usual.merge(lags.get(second, Histogram()))
    if not usual.count:
        return None
    limit_ms = max(usual.percentile_ms(99) * AGAIN, BLINK_MS)
    late = [second for second, lag in lags.items() if second >= over_at and lag.percentile_ms(50) > limit_ms]
    last = max(lags)
    return None if late and max(late) >= last else max([second - over_at + 1 for second in late], default=0)
