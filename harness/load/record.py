"""
Reads what the load generator wrote down, and computes latencies from the intended start: waiting for one's turn counts.

It refuses to read the generator's own statistics, which round, and call things success that are not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from harness.errors import LoadError

PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, by a clock that only runs forwards; status 0 where no answer came."""

    order: str
    intended_s: float
    start_s: float
    end_s: float
    status: int

    @property
    def latency_ms(self) -> float:
        return (self.end_s - self.intended_s) * 1000

    @property
    def lag_ms(self) -> float:
        """
        How late the generator itself was.
        """
        return (self.start_s - self.intended_s) * 1000

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """
        The gateway said no, `429` included; a 5xx is no answer that one can build on.
        """
        return 300 <= self.status < 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRecord:
    """
    A load run as it was.

    Args:
        began_at: the wall clock at the first intended start.
    """

    began_at: datetime
    requests: tuple[Request, ...]

    @property
    def answered(self) -> tuple[Request, ...]:
        return tuple(request for request in self.requests if request.accepted)


def read_record(file: Path) -> LoadRecord:
    """
    Read the record; the last line may be torn when the generator was stopped.

    Raises:
        LoadError: there is none, or a line before the last is damaged.
    """
    if not file.is_file():
        raise LoadError("the load generator wrote nothing", hint="its log, in the run folder, says why")
    lines = file.read_bytes().split(b"\n")[:-1]
    try:
        head = orjson.loads(lines[0])
        requests = tuple(Request(**orjson.loads(line)) for line in lines[1:])
        return LoadRecord(began_at=datetime.fromtimestamp(head["began_at_s"], UTC), requests=requests)
    except (IndexError, KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise LoadError(f"{file}: the load generator's record is damaged: {error}") from error


def percentile(ordered: Sequence[float], percent: float) -> float:
    """
    The nearest-rank percentile of values in rising order: always one that was measured.
    """
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]


def summarise(values_ms: Sequence[float]) -> Mapping[str, float] | None:
    """
    p50, p95, p99 and max; None of nothing.
    """
    if not values_ms:
        return None
    ordered = sorted(values_ms)
    return {name: round(percentile(ordered, percent), 3) for name, percent in PERCENTILES.items()}
