"""
The port to a payment channel: what the gateway asks of any of them, in the gateway's words.

A call ends in one of four ways: an answer; `ChannelRefused`, it was not done and will not be; `ChannelUnavailable`,
it was not done and may be repeated; `ChannelOutcomeUnknown`, nobody knows, so it must be queried. Nothing else is
raised, and an answer whose signature cannot be verified is an unknown outcome, never an answer. What a channel has not
is absent from `supports()` and refused with the code `unsupported`.

Facts: alipay/unknown-outcome
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from reference_gateway.domain.bill import BillRow as BillRow  # noqa: PLC0414 (it belongs to the port too)
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.record import named_record, record
from reference_gateway.domain.refund import Refund

PRODUCTS = frozenset({"qr", "page", "wap", "app", "jsapi", "h5", "barcode"})
OPERATIONS = frozenset(
    {
        "query",
        "close",
        "reverse",
        "refund",
        "query_refund",
        "transfer",
        "query_transfer",
        "preauth",
        "capture",
        "parse_notify",
        "download_bill",
    }
)


class TradeState(StrEnum):
    """`MISSING` is no failure: the buyer may just not have arrived."""

    PAID = "paid"
    WAITING = "waiting"
    CLOSED = "closed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeReport:
    """
    The channel's answer about a trade; number and amount are given unless it is missing.

    *given_back*: it was paid, and the whole of it has gone back to the buyer. The state is PAID all the same.
    """

    state: TradeState
    channel_trade_no: str = ""
    amount_fen: Fen | None = None
    paid_at: datetime | None = None
    given_back: bool = False


class OpeningState(StrEnum):
    """`READY`: the buyer may pay. `PAID`: paid in this very call. `WAITING`: the buyer is typing a password."""

    READY = "ready"
    PAID = "paid"
    WAITING = "waiting"


@record
class Opening:
    """How the opening went; *params* are what the buyer's side needs, *report* is given when it is paid already."""

    state: OpeningState
    params: Mapping[str, str]
    report: TradeReport | None = None


@named_record
class PayRequest:
    """What opening needs and the payment's row does not hold."""

    notify_url: str
    ttl_s: int
    return_url: str = ""
    auth_code: str = ""
    payer_id: str = ""
    client_ip: str = "127.0.0.1"


class EndState(StrEnum):
    """
    What the channel said when asked to end a trade.

    `GIVEN_BACK`: it was paid, and a reversal has given the whole of it back. `WAITING`: it cannot be ended yet, so ask
    again.
    """

    CLOSED = "closed"
    GIVEN_BACK = "given_back"
    PAID = "paid"
    MISSING = "missing"
    WAITING = "waiting"


class RefundState(StrEnum):
    """
    `UNCONFIRMED`: the call was handled and says nothing about the money. `PROCESSING`: taken, and on its way.
    `FAILED`: it has ended, and no money went back.
    """

    SUCCEEDED = "succeeded"
    UNCONFIRMED = "unconfirmed"
    PROCESSING = "processing"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class RefundReport:
    """The channel's answer about a refund."""

    state: RefundState
    channel_refund_no: str = ""


class PayoutState(StrEnum):
    """`MISSING`: the channel has no transfer under this number."""

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class PayoutReport:
    """The channel's answer about a transfer; *failure_code* in the channel's own word."""

    state: PayoutState
    channel_payout_no: str = ""
    failure_code: str = ""


@dataclass(frozen=True, slots=True)
class NotifyReply:
    """What the channel expects to hear."""

    accepted: bytes
    refused: bytes
    content_type: str = "text/plain"


class ChannelPort(Protocol):
    """One payment channel."""

    name: str
    reply: NotifyReply

    def supports(self) -> frozenset[str]:
        """Name the operations and products this channel has."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        """Open the payment under its `out_trade_no`, by its product; repeating it opens nothing new."""
        ...

    async def query(self, payment: Payment) -> TradeReport: ...

    async def close(self, payment: Payment) -> EndState:
        """End an unpaid trade, so that nobody can pay it any more."""
        ...

    async def reverse(self, payment: Payment) -> EndState:
        """End a trade whatever its state; one that was paid is given back whole."""
        ...

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """Refund under the refund's constant number; repeating it moves no money twice."""
        ...

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport: ...

    async def transfer(self, payout: Payout) -> PayoutReport:
        """Pay out under the payout's constant number; repeating it moves no money twice."""
        ...

    async def query_transfer(self, payout: Payout) -> PayoutReport: ...

    async def preauth(self, payment: Payment, ask: PayRequest) -> Opening:
        """Open a freeze of the amount instead of a payment."""
        ...

    async def capture(self, payment: Payment, amount_fen: Fen) -> TradeReport:
        """Turn a freeze into a payment of *amount_fen*; the rest is set free."""
        ...

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Verify a notify over what arrived and translate it.

        Raises:
            SignatureRejected: the signature does not match.
            NotifyRefused: signed, but malformed, or for somebody else.
        """
        ...

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        """Return the channel's bill of one day, Beijing time."""
        ...
