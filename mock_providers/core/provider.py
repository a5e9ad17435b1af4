"""
The port of a provider: one folder that speaks one vendor's language over the common book.

A provider reads requests, answers them, and says how its notifies look, when they are repeated and what counts as an
acknowledgement. It opens no socket and starts no task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mock_providers.core.book import Book, Trade
from mock_providers.core.clock import Clock, ScheduleClock
from mock_providers.core.ids import Ids
from mock_providers.core.journal import Headers, RawRequest
from mock_providers.core.labels import Labels
from mock_providers.core.plans import PlannedDelivery
from mock_providers.core.reply import WireReply


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request, understood.

    Args:
        perform: does the work and makes the answer; called once.
        faultable: False for requests refused at the door, which use up nobody's attempts.
        diagnosis: of a refused signature; dear, and made when somebody reads it.
    """

    api: str
    order: str
    label: str
    string_to_sign: str | None
    signature_ok: bool | None
    perform: Callable[[], WireReply]
    faultable: bool = True
    diagnosis: Callable[[], Mapping[str, object] | None] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """
    An event to be told to the merchant; its business fields are frozen as of the event.

    Args:
        event: "payment", "refund", "scan".
        occurrence: 1 for the first event of its kind on this order.
        context: what the provider needs to render it again, such as charset and sign type.
    """

    provider: str
    out_trade_no: str
    label: str
    event: str
    occurrence: int
    notify_id: str
    url: str
    fields: Mapping[str, str]
    context: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OutgoingNotify:
    """The bytes of one delivery."""

    headers: Headers
    body: bytes
    string_to_sign: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """
    When a notify is repeated.

    Args:
        offsets_s: one entry for each delivery, from the event on; the first is 0.
        answer_timeout_s: how long the merchant may take to answer.
    """

    offsets_s: tuple[float, ...]
    answer_timeout_s: float


class NoticeSender(Protocol):
    """Where a provider hands its events to."""

    def publish(self, notice: Notice) -> None:
        """Deliver *notice*, now and along the ladder."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderOptions:
    """
    What users may choose for a provider.

    Args:
        notify_events: which events are told to the merchant.
        notify_content_type: "malformed" as captured from the real platform, or "clean".
        label_field: the request field that carries the harness's label.
    """

    notify_events: frozenset[str]
    notify_content_type: str
    label_field: str


@dataclass(frozen=True, slots=True)
class ProviderWorld:
    """What every provider is given."""

    book: Book
    schedule: ScheduleClock
    stamp: Clock
    ids: Ids
    labels: Labels
    notices: NoticeSender
    credentials_dir: Path
    options: ProviderOptions


class Provider(Protocol):
    """One vendor."""

    @property
    def name(self) -> str:
        """Short, lower case; part of URLs and keys."""
        ...

    @property
    def ladder(self) -> Ladder:
        """The vendor's own repetition of notifies."""
        ...

    @property
    def gateway_path(self) -> str:
        """Where merchants send their calls."""
        ...

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        ...

    def read(self, request: RawRequest) -> Call:
        """Understand a request and check it at the door; changes nothing in the book."""
        ...

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery, signed at *stamp_at*."""
        ...

    def acknowledged(self, status: int, body: bytes) -> bool:
        """Whether this answer ends the ladder."""
        ...

    def new_trade_no(self, trade: Trade) -> str:
        """The number the platform gives when a trade comes into being."""
        ...

    def happened(self, trade: Trade, event: str) -> None:
        """Tell the merchant about "scan" or "payment", if this provider does."""
        ...

    def vendor_state(self, trade: Trade) -> str:
        """The state in the vendor's word, "" where the vendor knows no trade."""
        ...


class ProviderFactory(Protocol):
    """What a provider's folder exports as `PROVIDER`."""

    @property
    def name(self) -> str:
        """Short, lower case."""
        ...

    @property
    def default_label_field(self) -> str:
        """The request field that carries the harness's label unless settings say otherwise."""
        ...

    def make(self, world: ProviderWorld) -> Provider:
        """A provider over *world*."""
        ...
