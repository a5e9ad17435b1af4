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

# So long after the backlog is gone, everything should be as it was.
AFTER_S = 30
LAST_SHARE = 4
# A backlog is as usual again within this factor of the longest there was before, and a handful is none.
AGAIN = 1.2
USUAL_MIN = 20


def spike_of(plan: LoadPlan, figures: Figures) -> Mapping[str, Any] | None:
    """
    The figures of a spike; None for shapes without one.
    """
    if plan.shape != "spike" or plan.form.schedule is None:
        return None
    schedule: Schedule = plan.form.schedule(plan.rate, plan.lasts_s)
    lead, rise, high, _ = schedule.segments
    high_at, over_at = int(lead.duration_s + rise.duration_s), int(lead.duration_s + rise.duration_s + high.duration_s)
    # The first half warms everything up: what is kept for a time fills, and PostgreSQL tidies up for the first time.
    before = range(int(lead.duration_s) // 2, int(lead.duration_s))
    during = range(high_at, over_at)
    drained_s = _drained_s(figures, before=before, over_at=over_at)
    last_at, calm_at = int(plan.lasts_s - plan.lasts_s / LAST_SHARE), over_at + (drained_s or 0) + AFTER_S
    # A run that ends before has its last part.
    after_at = calm_at if calm_at < int(plan.lasts_s) else last_at
    p99_before, p99_after = _p99(figures, before), _p99(figures, range(after_at, int(plan.lasts_s)))
    return {
        "wanted_per_s": round(high.begin, 1),
        "accepted_per_s": _accepted(figures, during),
        "refused_per_s": round(sum(figures.record.seconds[s].refused for s in during) / max(len(during), 1), 1),
        "p99_before_ms": p99_before,
        "p99_during_ms": _p99(figures, during),
        "p99_after_ms": p99_after,
        "p99_after_from_s": None if drained_s is None or after_at < calm_at else AFTER_S,
        "p99_ratio": None if not p99_before or p99_after is None else round(p99_after / p99_before, 2),
        "drained_s": drained_s,
    }


def _accepted(figures: Figures, seconds: range) -> float:
    return round(sum(figures.record.seconds[second].accepted for second in seconds) / max(len(seconds), 1), 1)


def _p99(figures: Figures, seconds: Iterable[int]) -> float | None:
    together = Histogram()
    for second in seconds:
        if second in figures.record.seconds:
            together.merge(figures.record.seconds[second].latency)
    return round(together.percentile_ms(99), 1) if together.count else None


def backlog_of(figures: Figures) -> list[int]:
    """
    Payments that were accepted and are not yet credited, at the end of each second.
    """
    accepted, credited = figures.record.seconds, figures.books.credited_by_second
    left, told = 0, []
    for second in range(max([*accepted, *credited], default=-1) + 1):
        left += (accepted[second].accepted if second in accepted else 0) - credited[second]
        told.append(left)
    return told


def _drained_s(figures: Figures, *, before: range, over_at: int) -> int | None:
    """
    How long after the spike the backlog was longer than usual; None where it never became usual again.
    """
    backlog = backlog_of(figures)
    usual = max((backlog[second] for second in before if second < len(backlog)), default=None)
    if usual is None:
        return None
    limit = max(usual * AGAIN, USUAL_MIN)
    calm = (second for second, left in enumerate(backlog) if second >= over_at and left <= limit)
    # Whoever begins to wait later waits for something else.
    return next((second - over_at for second in calm), None)
