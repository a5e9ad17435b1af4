"""
The shapes of traffic: how many arrivals a second, second by second, and therefore the moment of each of them.

A shape is fixed before the run begins and asks nobody how fast the gateway is; only `capacity` has no schedule, since
it asks for as much as comes back. Pure; it refuses to know what arrives.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

SPIKE = 20.0
SPIKE_S, RISE_S = 5.0, 1.0
TEETH = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """
    A stretch of time over which the rate goes evenly from one value to another.

    Args:
        begin, end: arrivals a second.
    """

    duration_s: float
    begin: float
    end: float

    @property
    def arrivals(self) -> float:
        return self.duration_s * (self.begin + self.end) / 2

    def offset_s(self, arrivals: float) -> float:
        """
        When that many have arrived, counted from the segment's beginning.
        """
        slope = (self.end - self.begin) / self.duration_s
        if abs(slope) < 1e-9:
            return arrivals / self.begin
        return (math.sqrt(max(self.begin**2 + 2 * slope * arrivals, 0.0)) - self.begin) / slope


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every arrival's moment, in order."""

    segments: tuple[Segment, ...]

    @property
    def duration_s(self) -> float:
        return sum(segment.duration_s for segment in self.segments)

    @property
    def arrivals(self) -> int:
        return max(math.floor(sum(segment.arrivals for segment in self.segments) + 1e-6), 1)

    def rate_at(self, offset_s: float) -> float:
        """
        Arrivals a second at that time; nothing after the end.
        """
        for segment in self.segments:
            if offset_s < segment.duration_s:
                return segment.begin + (segment.end - segment.begin) * offset_s / segment.duration_s
            offset_s -= segment.duration_s
        return 0.0

    def moments(self, *, first: int = 0, step: int = 1) -> Iterator[tuple[int, float]]:
        """
        (number from 0, seconds after the beginning), of every *step*-th arrival: each worker takes its own.
        """
        return islice(self._all(), first, None, step)

    def _all(self) -> Iterator[tuple[int, float]]:
        number, passed_s, passed = 0, 0.0, 0.0
        last = self.arrivals
        for segment in self.segments:
            until = passed + segment.arrivals + 1e-6
            while number < min(until, last):
                yield number, passed_s + segment.offset_s(max(number - passed, 0.0))
                number += 1
            passed, passed_s = passed + segment.arrivals, passed_s + segment.duration_s


def _steady(rate: float, duration_s: float) -> Schedule:
    """The same all the time."""
    return Schedule((Segment(duration_s, rate, rate),))


def _ramp(rate: float, duration_s: float) -> Schedule:
    """From a tenth of the rate to twice the rate, evenly: where does it bend?"""
    return Schedule((Segment(duration_s, rate / 10, rate * 2),))


def _spike(rate: float, duration_s: float) -> Schedule:
    """A tipping spike: within one second twenty times the rate, five seconds of that, and quiet again."""
    high_s = min(SPIKE_S, duration_s / 4)
    rise_s = min(RISE_S, high_s)
    lead_s = (duration_s - rise_s - high_s) / 4
    return Schedule(
        (
            Segment(lead_s, rate, rate),
            Segment(rise_s, rate, rate * SPIKE),
            Segment(high_s, rate * SPIKE, rate * SPIKE),
            Segment(duration_s - lead_s - rise_s - high_s, rate, rate),
        )
    )


def _double_eleven(rate: float, duration_s: float) -> Schedule:
    """The shopping night: carts fill, all is still before midnight, then everybody pays, and it ebbs away slowly."""
    parts = (
        (0.25, 0.3, 1.0),
        (0.05, 0.2, 0.2),
        (0.02, 0.2, 10.0),
        (0.08, 10.0, 10.0),
        (0.2, 10.0, 3.0),
        (0.4, 3.0, 1.0),
    )
    return Schedule(tuple(Segment(duration_s * share, rate * begin, rate * end) for share, begin, end in parts))


def _saw(rate: float, duration_s: float) -> Schedule:
    """Six times up to twice the rate, and down at once: what is left over from one tooth meets the next."""
    return Schedule(tuple(Segment(duration_s / TEETH, rate / 5, rate * 2) for _ in range(TEETH)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """
    One of the shapes.

    Args:
        schedule: of a rate and a duration; None asks for as much as comes back.
        crowd: who comes, by share.
        duration_s: how long it lasts unless somebody says so.
        in_flight: requests at a time: the most there may be, or, without a schedule, as many as there are.
    """

    name: str
    text: str
    schedule: Callable[[float, float], Schedule] | None
    crowd: Mapping[str, int]
    duration_s: float = 10.0
    in_flight: int = 2048


VISITORS = frozenset(
    {"tipper", "room_tipper", "shopper", "refunder", "poller", "red_packet", "double_clicker", "watcher"}
)
TIPPERS: Mapping[str, int] = {"tipper": 1}
NIGHT: Mapping[str, int] = {"shopper": 70, "tipper": 15, "poller": 8, "double_clicker": 4, "refunder": 3}
EVERYBODY: Mapping[str, int] = {
    "tipper": 60, "shopper": 12, "poller": 10, "watcher": 6, "double_clicker": 6, "refunder": 4, "red_packet": 2,
}  # fmt: skip

SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(name="capacity", text="as much as comes back, 96 in flight", schedule=None, crowd=TIPPERS, in_flight=96),
        Shape(name="steady", text="the same rate all the time", schedule=_steady, crowd=TIPPERS),
        Shape(name="ramp", text="from a tenth of the rate to twice the rate", schedule=_ramp, crowd=TIPPERS,
              duration_s=60),
        Shape(name="spike", text="twenty times the rate within a second, for five seconds, into one room",
              schedule=_spike, crowd={"room_tipper": 1}, duration_s=60),
        Shape(name="double-eleven", text="the shopping night: stillness, then ten times the rate, then the ebb",
              schedule=_double_eleven, crowd=NIGHT, duration_s=60),
        Shape(name="saw", text="six times up to twice the rate and down at once", schedule=_saw, crowd=EVERYBODY,
              duration_s=60),
        Shape(name="soak", text="the same rate for ten minutes, everybody at once", schedule=_steady, crowd=EVERYBODY,
              duration_s=600),
    )
}  # fmt: skip
