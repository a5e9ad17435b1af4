"""
A histogram of durations that stays small however many it is fed, and that adds up over workers.

Buckets widen with the value, so that a percentile is at most 1.6 % above what was measured, from microseconds to days;
the largest value is kept exactly. It refuses to know what was measured, or when.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

# Each doubling is cut into so many buckets.
FINE_BITS = 6
FINE = 1 << FINE_BITS
PERCENTILES: Mapping[str, float] = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


class Histogram:
    """Counts of durations by bucket, in microseconds."""

    __slots__ = ("buckets", "count", "max_us")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.max_us = 0

    def add(self, duration_s: float, count: int = 1) -> None:
        """
        Count a duration, or one that stands for *count* of its kind; below zero is zero.
        """
        value_us = int(duration_s * 1e6)
        if value_us < FINE:
            place = max(value_us, 0)
        else:
            shift = value_us.bit_length() - FINE_BITS - 1
            place = (shift << FINE_BITS) + (value_us >> shift)
        self.buckets[place] = self.buckets.get(place, 0) + count
        self.count += count
        self.max_us = max(self.max_us, value_us)

    def merge(self, other: "Histogram") -> None:
        """
        Add what another has counted.
        """
        for place, count in other.buckets.items():
            self.buckets[place] = self.buckets.get(place, 0) + count
        self.count += other.count
        self.max_us = max(self.max_us, other.max_us)

    def percentile_ms(self, percent: float) -> float:
        """
        The nearest-rank percentile: the upper edge of its bucket, so never below what was measured.

        Raises:
            ValueError: nothing was counted.
        """
        rank = max(math.ceil(percent / 100 * self.count), 1)
        for place in sorted(self.buckets):
            rank -= self.buckets[place]
            if rank <= 0:
                return min(upper_us(place), self.max_us) / 1000
        raise ValueError("a percentile of nothing")

    def above(self, limit_ms: float) -> int:
        """
        How many took longer than that, to a bucket's width.
        """
        return sum(count for place, count in self.buckets.items() if upper_us(place) > limit_ms * 1000)

    def summary(self) -> Mapping[str, float] | None:
        """
        p50, p95, p99 and max in milliseconds; None of nothing.
        """
        if not self.count:
            return None
        told = {name: round(self.percentile_ms(percent), 3) for name, percent in PERCENTILES.items()}
        return {**told, "max": round(self.max_us / 1000, 3)}

    def to_json(self) -> Mapping[str, Any]:
        return {"max_us": self.max_us, "buckets": {str(place): count for place, count in self.buckets.items()}}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """
        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        made = cls()
        made.buckets = {int(place): int(count) for place, count in raw["buckets"].items()}
        made.count = sum(made.buckets.values())
        made.max_us = int(raw["max_us"])
        return made

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """
        (upper edge in milliseconds, count), in rising order.
        """
        for place in sorted(self.buckets):
            yield upper_us(place) / 1000, self.buckets[place]


def upper_us(place: int) -> int:
    """
    The largest microsecond that falls into a bucket.
    """
    if place < FINE << 1:
        return place
    shift = (place >> FINE_BITS) - 1
    return ((place - (shift << FINE_BITS) + 1) << shift) - 1
