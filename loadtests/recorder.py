"""
What a generator writes down: counts and histograms for each second and kind of visit, never a line for each request.

Latency runs from the intended start, so that waiting for one's turn counts. Lines only ever add up: of one second there
may be many, from many workers, and whoever reads them merges them. It refuses to know where the lines go.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from loadtests.histogram import Histogram

Write = Callable[[str], None]
FAILURES_MAX = 100


class Bin:
    """One kind of visit, as far as its requests were meant for one second."""

    __slots__ = ("accepted", "lag", "latency", "params", "push", "started", "statuses", "without_retry_after")

    def __init__(self) -> None:
        self.started = 0
        self.statuses: Counter[int] = Counter()
        self.latency = Histogram()
        self.lag = Histogram()
        self.params = Histogram()
        self.push = Histogram()
        self.accepted: list[int] = []
        self.without_retry_after = 0

    def to_json(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {"started": self.started, "statuses": {str(s): n for s, n in self.statuses.items()}}
        for name in ("latency", "lag", "params", "push"):
            histogram: Histogram = getattr(self, name)
            if histogram.count:
                told[name] = histogram.to_json()
        if self.accepted:
            told["accepted"] = ranges(sorted(self.accepted))
        if self.without_retry_after:
            told["without_retry_after"] = self.without_retry_after
        return told


class Recorder:
    """
    Collects, and lets go once a second.

    Args:
        write: takes one line of JSON.
        began_s: the beginning, by the clock that only runs forwards; `began_at_s` is the same by the wall clock.
    """

    def __init__(self, write: Write, *, began_s: float, began_at_s: float, worker: int = 0) -> None:
        self._write = write
        self._began_s = began_s
        self._worker = worker
        self._bins: dict[tuple[int, str], Bin] = {}
        self._flushed_s = began_s
        self._failures = 0
        self._tell({"began_at_s": began_at_s})

    def started(self, kind: str, *, intended_s: float, start_s: float) -> None:
        """
        A visit has begun, so late.
        """
        if start_s - self._flushed_s >= 1.0:
            self.flush(start_s)
        found = self._bin(intended_s, kind)
        found.started += 1
        found.lag.add(start_s - intended_s)

    def ended(self, kind: str, *, intended_s: float, end_s: float, status: int, retry_after: bool = True) -> None:
        """
        It was answered; status 0 where no answer came.
        """
        found = self._bin(intended_s, kind)
        found.statuses[status] += 1
        found.latency.add(end_s - intended_s)
        if status == 429 and not retry_after:
            found.without_retry_after += 1

    def accepted(self, kind: str, number: int, *, intended_s: float) -> None:
        """
        The gateway has promised payment *number*.
        """
        self._bin(intended_s, kind).accepted.append(number)

    def params(self, kind: str, *, intended_s: float, end_s: float, count: int = 1) -> None:
        """
        The buyer had something to pay with; *count* where only one in so many is asked for.
        """
        self._bin(intended_s, kind).params.add(end_s - intended_s, count)

    def pushed(self, kind: str, *, intended_s: float, lag_s: float) -> None:
        """
        Whoever watched the payment was told of its commit so long after it.
        """
        self._bin(intended_s, kind).push.add(lag_s)

    def failed(self, kind: str, order: str, words: str) -> None:
        """
        A visit saw what no gateway may do; the first hundred are told.
        """
        self._failures += 1
        if self._failures <= FAILURES_MAX:
            self._tell({"failure": words, "kind": kind, "order": order})

    def flush(self, now_s: float) -> None:
        """
        Let go of everything that was collected.
        """
        bins, self._bins, self._flushed_s = self._bins, {}, now_s
        for (second, kind), found in bins.items():
            self._tell({"second": second, "kind": kind, **found.to_json()})

    def close(self, now_s: float, *, cpu_s: float) -> None:
        """
        The last line says that nothing is missing.
        """
        self.flush(now_s)
        self._tell({"ended_s": now_s - self._began_s, "cpu_s": round(cpu_s, 3), "failures": self._failures})

    def _bin(self, intended_s: float, kind: str) -> Bin:
        key = (int(intended_s - self._began_s), kind)
        found = self._bins.get(key)
        if found is None:
            found = self._bins[key] = Bin()
        return found

    def _tell(self, line: Mapping[str, Any]) -> None:
        self._write(json.dumps({"worker": self._worker, **line}))


def ranges(numbers: list[int]) -> list[list[int]]:
    """
    Numbers in rising order as [first, last] pairs.
    """
    made: list[list[int]] = []
    for number in numbers:
        if made and number == made[-1][1] + 1:
            made[-1][1] = number
        else:
            made.append([number, number])
    return made


def is_last(line: str) -> bool:
    """
    Whether a worker has nothing more to tell.
    """
    return '"ended_s"' in line
