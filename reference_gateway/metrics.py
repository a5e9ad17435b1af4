"""
What the gateway counts and measures, for Prometheus: one registry for each gateway, one method for each thing told.

Names and labels stand here and nowhere else; whoever tells knows only the meaning. It refuses to know when it is read,
and by whom.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import accumulate
from typing import TypeVar, cast

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

CONTENT_TYPE = CONTENT_TYPE_LATEST
LATENCY_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
BATCH_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


MadeT = TypeVar("MadeT", Counter, Histogram)


REQUESTS, REQUEST_S = "gateway_http_requests", "gateway_http_request_seconds"
_PARTS = ("_bucket", "_sum", "_count")


class BreakerState(IntEnum):
    """How a channel's circuit stands, as the gauge shows it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Answers(Collector):
    """
    Answers given and the time they took, for every route.

    Counted by additions alone, since only the loop's thread tells them: the library's own counters take a lock each.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], int] = {}
        self._spans: dict[str, list[float]] = {}

    def add(self, route: str, method: str, status: int, *, seconds: float) -> None:
        key = (route, method, status)
        self._counts[key] = self._counts.get(key, 0) + 1
        span = self._spans.get(route)
        if span is None:
            span = self._spans[route] = [0.0] * (len(LATENCY_S) + 2)
        span[bisect_left(LATENCY_S, seconds)] += 1
        span[-1] += seconds

    def collect(self) -> Iterator[Metric]:
        counted = CounterMetricFamily(REQUESTS, "Answers.", labels=("route", "method", "status"))
        for (route, method, status), count in self._counts.items():
            counted.add_metric((route, method, str(status)), count)
        yield counted
        took = HistogramMetricFamily(REQUEST_S, "Time to answer.", labels=("route",))
        for route, span in self._spans.items():
            bounds = (*map(floatToGoString, LATENCY_S), "+Inf")
            took.add_metric((route,), list(zip(bounds, accumulate(span[:-1]), strict=True)), span[-1])
        yield took


class Metrics:
    """Everything that is counted; telling is cheap and never fails."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[object, ...], Counter | Gauge | Histogram] = {}
        self._payments = self._counter("gateway_payments", "Payments by what became of them.", "channel", "result")
        self._answers = Answers()
        self.registry.register(self._answers)
        self._refused = self._counter("gateway_admission_refused", "Requests turned away under pressure.", "reason")
        self._queue = self._gauge("gateway_admission_queue", "Payments admitted whose channel call has not ended.")
        self._busy = self._gauge("gateway_workers_busy", "1 while a worker is at work.", "worker")
        self._late_s = self._histogram(
            "gateway_scheduling_latency_seconds", "From the moment work was due until it began.", LATENCY_S, "work"
        )
        self._backlog = self._gauge("gateway_outbox_backlog", "Events not delivered yet, all instances.", "sink")
        self._sent = self._counter("gateway_outbox_sent", "Events handed over.", "sink")
        self._batches = self._histogram("gateway_commit_batch_items", "Items in one commit.", BATCH_ITEMS, "commit")
        self._breaker = self._gauge("gateway_breaker_state", "0 closed, 1 half open, 2 open.", "channel")
        self._leads = self._gauge("gateway_leader", "1 where this instance leads.", "role")
        self._takeovers = self._counter("gateway_leader_elections", "Times this instance was elected.", "role")
        self._share = self._gauge("gateway_due_work_share", "This instance's part of the work that is due.")
        self._store_up = self._gauge("gateway_store_up", "1 while PostgreSQL answers.")

    def payment(self, channel: str, result: str) -> None:
        """Count a payment that was created, opened, refused, paid, late, closed."""
        self._child(self._payments, channel, result).inc()

    def request(self, route: str, method: str, status: int, *, seconds: float) -> None:
        self._answers.add(route, method, status, seconds=seconds)

    def turned_away(self, reason: str) -> None:
        """Count a request that was refused so that those admitted are served."""
        self._refused.labels(reason).inc()

    def queue(self, length: Callable[[], float]) -> None:
        """Tell where the length is read when somebody looks."""
        self._queue.set_function(length)

    def working(self, worker: str, busy: bool) -> None:  # noqa: FBT001 (a gauge of one bit)
        self._busy.labels(worker).set(busy)

    def began(self, work: str, *, late_s: float) -> None:
        """Tell that work began *late_s* after it was due."""
        self._child(self._late_s, work).observe(max(0.0, late_s))

    def backlog(self, sink: str, events: int) -> None:
        self._backlog.labels(sink).set(events)

    def sent(self, sink: str, events: int) -> None:
        self._sent.labels(sink).inc(events)

    def batch(self, commit: str) -> Callable[[int], None]:
        """Make what a committer calls with the size of each batch."""
        return self._batches.labels(commit).observe

    def breaker(self, channel: str, state: BreakerState) -> None:
        self._breaker.labels(channel).set(state.value)

    def leads(self, role: str, leading: bool) -> None:  # noqa: FBT001 (a gauge of one bit)
        self._leads.labels(role).set(leading)
        if leading:
            self._takeovers.labels(role).inc()

    def share(self, part: float) -> None:
        self._share.set(part)

    def store_up(self, up: bool) -> None:  # noqa: FBT001 (a gauge of one bit)
        self._store_up.set(up)

    def render(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)

    def names(self) -> frozenset[str]:
        """Return every series' name as a scrape shows it; dashboards and alerts may use no other."""
        told = {f"{REQUESTS}_total", *(f"{REQUEST_S}{part}" for part in _PARTS)}
        for name, made in self._made.items():
            if isinstance(made, Counter):
                told.add(f"{name}_total")
            elif isinstance(made, Histogram):
                told.update(f"{name}{part}" for part in _PARTS)
            else:
                told.add(name)
        return frozenset(told)

    def _child(self, family: MadeT, *values: str) -> MadeT:
        """Find the series by its labels without asking the library each time, which takes a lock for it."""
        key = (family, *values)
        if key not in self._children:
            self._children[key] = family.labels(*values)
        return cast("MadeT", self._children[key])

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        made = Counter(name, about, labels, registry=self.registry)
        self._made[name] = made
        return made

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        made = Gauge(name, about, labels, registry=self.registry)
        self._made[name] = made
        return made

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        made = Histogram(name, about, labels, buckets=buckets, registry=self.registry)
        self._made[name] = made
        return made
