"""
The port of a provider: one folder that speaks one vendor's language over the common book.

A provider reads requests, answers them, and says how its notifies look, when they are repeated and what counts as an
acknowledgement. It opens no socket and starts no task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from mock_providers.core.books.book import Book, Trade
from mock_providers.core.clock import Clock, ScheduleClock
from mock_providers.core.ids import Ids
from mock_providers.core.labels import Labels
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, PlannedDelivery
from mock_providers.core.records import record
from mock_providers.core.signatures.credentials import CredentialMaker
from mock_providers.core.timers import Timers
from mock_providers.core.wire.journal import Headers, RawRequest, RawResponse
from mock_providers.core.wire.reply import WireReply


class Perform(Protocol):
    """The work of one call."""

    def __call__(self, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
        """Do it and answer, in the shape that a fault asks for; called once."""
        ...


@record
class Call:
    """
    One request, understood.

    Args:
        perform: does the work and makes the answer; called once.
        merchant: whose call it is, "" where that is not known.
        faultable: False for requests refused at the door, which use up nobody's attempts.
        page: a buyer's browser, not a merchant's program.
        diagnosis: of a refused signature; dear, and made when somebody reads it.
    """

    api: str
    order: str
    label: str
    string_to_sign: str | None
    signature_ok: bool | None
    perform: Perform
    merchant: str = ""
    faultable: bool = True
    page: bool = False
    diagnosis: Callable[[], Mapping[str, object] | None] | None = None


@record
class Notice:
    """
    An event to be told to the merchant; its business fields are frozen as of the event.

    Args:
        event: "payment", "refund", "scan", "close", or what else the provider tells.
        occurrence: 1 for the first event of its kind on this order.
        context: what the provider needs to render it again, such as charset and sign type.
        kind: of message, where a provider has several; its own word.
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
    merchant_id: str = ""
    kind: str = ""


@record
class OutgoingNotify:
    """The bytes of one delivery."""

    headers: Headers
    body: bytes
    string_to_sign: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Departure:
    """
    Where a buyer is sent when the cashier is done with them.

    Args:
        fields: for POST what the form carries; a GET has everything in its URL.
    """

    url: str
    method: Literal["GET", "POST"] = "GET"
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brand:
    """
    How a provider looks to its buyers.

    Args:
        color: of the page's head, as CSS writes it.
        ink: of the text upon it.
        logo_svg: our own drawing, no vendor's artwork; a whole SVG document, about square.
    """

    title_en: str
    title_zh: str
    color: str
    ink: str = "#ffffff"
    logo_svg: str = ""


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
        label_field: the request field that carries the harness's label.
        switches: the settings that begin with the provider's name, by the rest of their names.
    """

    label_field: str
    switches: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProviderWorld:
    """What every provider is given."""

    book: Book
    schedule: ScheduleClock
    stamp: Clock
    ids: Ids
    labels: Labels
    notices: NoticeSender
    timers: Timers
    credentials_dir: Path
    options: ProviderOptions

    def on_schedule(self, moment: datetime) -> datetime:
        """
        Where a moment that a merchant names lies on the schedule.

        Merchants live by the stamp clock and know nothing of a schedule that was advanced: an order that they want to
        end in fifteen minutes ends when fifteen minutes of the schedule have passed, not at a date that went by there
        long ago. Whole seconds, for dates have no others and two clocks that agree are never read at once.
        """
        lead_s = round((self.schedule.now() - self.stamp.now()).total_seconds())
        try:
            return moment + timedelta(seconds=lead_s)
        except OverflowError:
            return moment  # at an end of the calendar, which is far enough off on either clock


class Provider(Protocol):
    """One vendor."""

    @property
    def name(self) -> str:
        """Short, lower case; part of URLs and keys."""
        ...

    @property
    def gateway_path(self) -> str:
        """Where merchants send their calls, as it is shown to people."""
        ...

    @property
    def merchants(self) -> tuple[str, ...]:
        """Merchant numbers served."""
        ...

    def owns_path(self, path: str) -> bool:
        """Whether a request without a telling host is for this provider."""
        ...

    def ladder(self, notice: Notice) -> Ladder:
        """The vendor's own repetition of such a notify."""
        ...

    def read(self, request: RawRequest) -> Call:
        """Understand a request and check it at the door; changes nothing in the book."""
        ...

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery, signed at *stamp_at*."""
        ...

    def acknowledged(self, notice: Notice, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        ...

    def new_trade_no(self, trade: Trade) -> str:
        """The number the platform gives when a trade comes into being."""
        ...

    def happened(self, trade: Trade, event: str) -> None:
        """Tell the merchant about "scan", "payment", "payment_failed" or "close", if this provider does."""
        ...

    def channel_of(self, trade: Trade) -> str:
        """The channel by which a trade came, one of the factory's."""
        ...

    def vendor_state(self, trade: Trade) -> str:
        """The state in the vendor's word, "" where the vendor knows no trade."""
        ...

    def cashier_link(self, target: str) -> Trade | None:
        """The trade behind a link that a buyer opens or a code that a buyer scans, None where it is no such thing."""
        ...

    def departure(self, trade: Trade) -> Departure | None:
        """Where the cashier sends the buyer of *trade*, signed where the vendor signs it."""
        ...


class BuyerPages(Protocol):
    """The pages that buyers see, which every provider's server shows."""

    def read(self, provider: Provider, request: RawRequest) -> Call | None:
        """
        Understand a browser's request.

        Returns:
            None for what is no page, and so is the provider's own business.
        """
        ...


class ProviderFactory(Protocol):
    """What a provider's folder exports as `PROVIDER`."""

    @property
    def name(self) -> str:
        """Short, lower case."""
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that a gateway reaches through it, such as "alipay" and "alipay_v3"."""
        ...

    @property
    def brand(self) -> Brand:
        """How its cashier looks."""
        ...

    def write_credentials(self, make: CredentialMaker) -> None:
        """Make the keys and numbers of one merchant and of the platform."""
        ...

    @property
    def default_label_field(self) -> str:
        """The request field that carries the harness's label unless settings say otherwise."""
        ...

    def make(self, world: ProviderWorld) -> Provider:
        """A provider over *world*."""
        ...
