"""
Who set the pace of a load run: names the generator or the simulator where they had no more to give.

A gateway cannot be judged by a generator that was late or a simulator that was busy; then the verdict is UNKNOWN, and
these are the reasons. Pure.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.load.meter import Reading
from loadtests.histogram import Histogram

CORE_SHARE_MAX = 0.90
LAG_MS_MAX = 50.0
# A process that fills its core for this long has no more to give.
WINDOW_S = 3.0
# Whose fullness is not the gateway's fault, and how it is told.
BLAMELESS: Mapping[str, str] = {"generator": "generator", "harness": "generator", "providers": "simulator"}


@dataclass(frozen=True, slots=True)
class Limit:
    """One that set the pace, and the reason in words."""

    name: str
    reason: str


def limits(readings: Iterable[Reading], *, lag: Histogram, since_s: float, until_s: float) -> list[Limit]:
    """
    Everybody but the gateway who had no more to give.

    Args:
        lag: how late the dispatcher let visits go.
        since_s, until_s: when traffic began and ended (seconds since the epoch): start-up is busy and means nothing.
    """
    found = []
    if lag.count and (late_ms := lag.percentile_ms(99)) > LAG_MS_MAX:
        found.append(Limit("schedule", f"one visit in a hundred began {late_ms:.0f} ms late or more"))
    busiest: dict[str, float] = {}
    for group, share in _shares(one for one in readings if since_s <= one.at_s <= until_s):
        if group in BLAMELESS:
            name = BLAMELESS[group]
            busiest[name] = max(busiest.get(name, 0.0), share)
    found += [
        Limit(name, f"the {name} used {share:.0%} of its core")
        for name, share in sorted(busiest.items())
        if share > CORE_SHARE_MAX
    ]
    return found


def _shares(readings: Iterable[Reading]) -> Iterable[tuple[str, float]]:
    """
    (group, share of a core) of every process over every window.
    """
    window: deque[Reading] = deque()
    for reading in readings:
        # Its first is the latest of those that are far enough back.
        while len(window) > 1 and reading.at_s - window[1].at_s >= WINDOW_S:
            window.popleft()
        window.append(reading)
        elapsed_s = reading.at_s - window[0].at_s
        if elapsed_s < WINDOW_S:
            continue
        for pid, usage in reading.used.items():
            before = window[0].used.get(pid)
            if before is not None:
                yield usage.group, (usage.cpu_s - before.cpu_s) / elapsed_s
