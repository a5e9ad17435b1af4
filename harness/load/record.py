"""
Reads what the load generators wrote down and adds it up, a second at a time: how many, how they ended, how long it
took.

Latencies run from the intended start: waiting for one's turn counts. It refuses to read the generator's own statistics,
which round, and call things success that are not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from harness.errors import LoadError
from loadtests.histogram import Histogram

# What opens payments; the other kinds are questions that visitors ask on their way.
OPENERS = frozenset(
    {"tipper", "room_tipper", "shopper", "refunder", "poller", "red_packet", "double_clicker", "watcher"}
)


@dataclass(slots=True)
class Span:
    """
    What was meant for one stretch of time.

    Args:
        statuses: answers by HTTP status, 0 where none came.
    """

    started: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latency: Histogram = field(default_factory=Histogram)
    lag: Histogram = field(default_factory=Histogram)
    params: Histogram = field(default_factory=Histogram)
    push: Histogram = field(default_factory=Histogram)
    without_retry_after: int = 0

    @property
    def accepted(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def refused(self) -> int:
        """
        The gateway said no, `429` included; a 5xx is no answer that one can build on.
        """
        return sum(count for status, count in self.statuses.items() if 300 <= status < 500)

    @property
    def unanswered(self) -> int:
        return self.started - self.accepted - self.refused

    def add(self, raw: Mapping[str, Any]) -> None:
        """
        Add one line of a record.
        """
        self.started += raw["started"]
        for status, count in raw["statuses"].items():
            self.statuses[int(status)] += count
        for name in ("latency", "lag", "params", "push"):
            if name in raw:
                getattr(self, name).merge(Histogram.from_json(raw[name]))
        self.without_retry_after += raw.get("without_retry_after", 0)


class Numbers:
    """Which payments were promised, a bit for each."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self.count = 0

    @property
    def bytes(self) -> int:
        return len(self._bits)

    def add(self, first: int, last: int) -> None:
        for number in range(first, last + 1):
            place, bit = divmod(number, 8)
            if place >= len(self._bits):
                self._bits.extend(bytes(max(place + 1 - len(self._bits), 4096)))
            if not self._bits[place] & 1 << bit:
                self._bits[place] |= 1 << bit
                self.count += 1

    def discard(self, number: int) -> None:
        place, bit = divmod(number, 8)
        if place < len(self._bits) and self._bits[place] & 1 << bit:
            self._bits[place] &= ~(1 << bit)
            self.count -= 1

    def __iter__(self) -> Iterator[int]:
        """
        In rising order.
        """
        for place, byte in enumerate(self._bits):
            if byte:
                yield from (place * 8 + bit for bit in range(8) if byte & 1 << bit)


@dataclass(slots=True)
class LoadRecord:
    """
    A load run as it was.

    Args:
        began_at: the wall clock at the beginning.
        opened: what opened payments, added up.
        seconds: the same by second of the intended start.
        asked: the other questions, by name.
        accepted: the numbers of the payments that the gateway promised.
        failures: what visitors saw that no gateway may do: (kind, order, words).
        whole: whether every generator told its end.
    """

    began_at: datetime
    opened: Span = field(default_factory=Span)
    seconds: dict[int, Span] = field(default_factory=lambda: defaultdict(Span))
    asked: dict[str, Span] = field(default_factory=lambda: defaultdict(Span))
    accepted: Numbers = field(default_factory=Numbers)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    failed: int = 0
    cpu_s: float = 0.0
    ended: int = 0

    def add(self, raw: Mapping[str, Any]) -> None:
        """
        Take one line in.
        """
        if "second" in raw:
            kind = raw["kind"]
            if kind not in OPENERS:
                self.asked[kind].add(raw)
                return
            self.opened.add(raw)
            self.seconds[raw["second"]].add(raw)
            for first, last in raw.get("accepted", ()):
                self.accepted.add(first, last)
        elif "failure" in raw:
            self.failures.append((raw["kind"], raw["order"], raw["failure"]))
        elif "ended_s" in raw:
            self.ended += 1
            self.cpu_s += raw["cpu_s"]
            self.failed += raw["failures"]


def read_record(file: Path) -> LoadRecord:
    """
    Read the record, line by line; the last line may be torn when the generator was stopped.

    Raises:
        LoadError: there is none, or a line before the last is damaged.
    """
    if not file.is_file():
        raise LoadError("the load generator wrote nothing", hint="its log, in the run folder, says why")
    record: LoadRecord | None = None
    with file.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            try:
                raw = dict(orjson.loads(line))
                if record is None or "began_at_s" in raw:
                    record = _begun(record, datetime.fromtimestamp(raw["began_at_s"], UTC))
                else:
                    record.add(raw)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise LoadError(f"{file}: the load generator's record is damaged: {error}") from error
    if record is None:
        raise LoadError(f"{file}: the load generator's record is empty", hint="its log, beside it, says why")
    return record


def _begun(record: LoadRecord | None, began_at: datetime) -> LoadRecord:
    """
    Workers begin one after another; the first of them begins the run.
    """
    if record is None:
        return LoadRecord(began_at=began_at)
    record.began_at = min(record.began_at, began_at)
    return record
