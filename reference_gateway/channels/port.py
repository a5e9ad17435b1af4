"""
The port to a payment channel: what the gateway asks of any of them, in the gateway's words.

A call ends in one of four ways: an answer; `ChannelRefused`, it was not done and will not be; `ChannelUnavailable`,
it was not done and may be repeated; `ChannelOutcomeUnknown`, nobody knows, so it must be queried. Nothing else is
raised, and an answer whose signature cannot be verified is an unknown outcome, never an answer.

Facts: alipay/unknown-outcome
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class TradeState(StrEnum):
    """`MISSING` is no failure: the buyer may just not have arrived."""

    PAID = "paid"
    WAITING = "waiting"
    CLOSED = "closed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeReport:
    """The channel's answer about a trade; number and amount are given unless it is missing."""

    state: TradeState
    channel_trade_no: str = ""
    amount_fen: Fen | None = None
    paid_at: datetime | None = None


class RefundState(StrEnum):
    """`UNCONFIRMED`: the call was handled and says nothing about the money."""

    SUCCEEDED = "succeeded"
    UNCONFIRMED = "unconfirmed"
    MISSING = "missing"


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

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def create(self, payment: Payment, *, notify_url: str, ttl_s: int) -> str:
        """Open the payment under its `out_trade_no` and return the QR text; repeating it opens nothing new."""
        ...

    async def query(self, payment: Payment) -> TradeReport: ...

    async def refund(self, payment: Payment, refund: Refund) -> RefundState:
        """Refund under the refund's constant number; repeating it moves no money twice."""
        ...

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundState: ...

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Verify a notify over what arrived and translate it.

        Raises:
            SignatureRejected: the signature does not match.
            NotifyRefused: signed, but malformed, or for somebody else.
        """
        ...
