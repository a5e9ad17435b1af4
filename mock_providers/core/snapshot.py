"""
A run as one document: the book, what is on its way or put off, who was called how, what each order
has asked how often, and the schedule.

Taking one changes nothing; going on from one forgets what was there. It knows neither keys nor the journal, and a copy
that is on the wire at the moment of taking counts as not sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter

from mock_providers.core.books.book import Trade
from mock_providers.core.books.payouts import Payout
from mock_providers.core.books.planted import Difference
from mock_providers.core.notifies.underway import Underway
from mock_providers.core.plans import Counts
from mock_providers.core.timers import Timer


@dataclass(frozen=True, slots=True)
class ScheduleReading:
    """Where the schedule stands; `now_s` are seconds since `base_at`."""

    base_at: datetime
    now_s: float
    rate: float


@dataclass(frozen=True, slots=True)
class LabelsState:
    """
    Which payment label each order has.

    Args:
        orders: (provider, order, label).
    """

    orders: list[tuple[str, str, str]]
    arrivals: int


@dataclass(frozen=True, slots=True)
class FaultsState:
    """
    The rules in force, and how often each order asked each API.

    Args:
        attempts: (provider, merchant, order, API, how often).
    """

    profile: str
    rules: list[dict[str, Any]]
    attempts: list[tuple[str, str, str, str, int]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Everything that a run has made.

    Args:
        merchants: (provider, merchant number) of all who were served.
        last_seq: the latest number given to a delivery.
        timers: what providers have put off, and for when.
    """

    version: Literal[2]
    seed: int
    epoch: str
    merchants: list[tuple[str, str]]
    schedule: ScheduleReading
    trades: list[Trade]
    payouts: list[Payout]
    planted: list[Difference]
    labels: LabelsState
    faults: FaultsState
    notifies: list[Underway]
    last_seq: int
    counts: Counts
    timers: list[Timer]


_DOCUMENT = TypeAdapter(Snapshot)
_LABELS = TypeAdapter(LabelsState)
_FAULTS = TypeAdapter(FaultsState)


def labels_state(dumped: Mapping[str, object]) -> LabelsState:
    """What `Labels.dump` gave."""
    return _LABELS.validate_python(dumped)


def faults_state(dumped: Mapping[str, object]) -> FaultsState:
    """What the fault desk's `dump` gave."""
    return _FAULTS.validate_python(dumped)


def to_json(snapshot: Snapshot) -> bytes:
    """The document."""
    return orjson.dumps(snapshot, default=_plain)


def _plain(value: object) -> object:
    """What our data holds beyond what JSON knows: read-only mappings and sets of words."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)


def from_json(document: bytes) -> Snapshot:
    """
    Read a document.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return _DOCUMENT.validate_json(document)
