"""
A load run second by second, as plain lists: what charts are drawn from, and what a later run compares itself with.

Pure; it refuses to draw.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from harness.errors import ConfigError
from harness.load.figures import GROUPS, Figures
from harness.load.meter import Reading
from harness.load.plan import LoadPlan
from harness.load.spike import backlog_of
from loadtests.histogram import Histogram

FILE = "series.json"
LEVELS: Mapping[str, float] = {"p50": 50.0, "p95": 95.0, "p99": 99.0}
# Shares of a core are told over a second: two looks apart.
APART = 2

Points = list[tuple[float, float | None]]


def series_of(plan: LoadPlan, figures: Figures, readings: Iterable[Reading]) -> dict[str, Any]:
    """
    Everything that changes over the run.

    Args:
        readings: can be gone through more than once.
    """
    record = figures.record
    last = max([*record.seconds, *figures.books.settle_by_second], default=0)
    began_s = record.began_at.timestamp()
    spans = [record.seconds.get(second) for second in range(last + 1)]
    made = plan.form.schedule
    schedule = None if made is None else made(plan.rate, plan.lasts_s)
    return {
        "wanted": [] if schedule is None else [(s, schedule.rate_at(s + 0.5)) for s in range(last + 1)],
        "accepted": [(s, 0 if span is None else span.accepted) for s, span in enumerate(spans)],
        "refused": [(s, 0 if span is None else span.refused) for s, span in enumerate(spans)],
        "unanswered": [(s, 0 if span is None else span.unanswered) for s, span in enumerate(spans)],
        "backlog": list(enumerate(backlog_of(figures))),
        "latency_ms": _levels([None if span is None else span.latency for span in spans]),
        "settle_ms": _levels([figures.books.settle_by_second.get(s) for s in range(last + 1)]),
        "cores": _cores(readings, began_s=began_s),
        "memory_mb": _memory(readings, began_s=began_s),
    }


def _levels(histograms: Sequence[Histogram | None]) -> dict[str, Points]:
    told: dict[str, Points] = {
        name: [(s, _level(one, percent)) for s, one in enumerate(histograms)] for name, percent in LEVELS.items()
    }
    told["max"] = [
        (s, one.max_us / 1000 if one is not None and one.count else None) for s, one in enumerate(histograms)
    ]
    return told


def _level(histogram: Histogram | None, percent: float) -> float | None:
    return histogram.percentile_ms(percent) if histogram is not None and histogram.count else None


def _cores(readings: Iterable[Reading], *, began_s: float) -> dict[str, Points]:
    """
    Cores' worth of processor time by group, the platform's and the buyers' with the generator's.
    """
    told: dict[str, Points] = {group: [] for group in GROUPS}
    for before, after in zip(readings, islice(readings, APART, None), strict=False):
        elapsed_s = after.at_s - before.at_s
        if elapsed_s <= 0:
            continue
        spent = dict.fromkeys(GROUPS, 0.0)
        for pid, usage in after.used.items():
            earlier = before.used.get(pid)
            group = "generator" if usage.group == "harness" else usage.group
            spent[group] += usage.cpu_s - (0.0 if earlier is None else earlier.cpu_s)
        for group, spent_s in spent.items():
            told[group].append((round(after.at_s - began_s, 2), round(spent_s / elapsed_s, 3)))
    return told


def _memory(readings: Iterable[Reading], *, began_s: float) -> dict[str, Points]:
    told: dict[str, Points] = {}
    for reading in readings:
        for group, held in reading.memory().items():
            told.setdefault(group, []).append((round(reading.at_s - began_s, 2), round(held / 1e6, 1)))
    return told


def read_run(run_dir: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """
    (summary, series) of an earlier run.

    Raises:
        ConfigError: it is no folder of a load run.
    """
    try:
        summary = orjson.loads((run_dir / "summary.json").read_bytes())
        return summary, orjson.loads((run_dir / FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigError(
            f"{run_dir} holds no load run: {error}", hint="--compare takes the run folder that an earlier load printed"
        ) from error
