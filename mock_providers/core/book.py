"""
The book: trades and refunds, and which step is lawful when; the truth about money in a run.

Knows no vendor's states or codes, sends nothing, and asks nobody for the time: moments are given to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from mock_providers.core.money import Fen
from mock_providers.errors import BookRefused


class TradeState(StrEnum):
    """Where a trade stands; CREATED means that a QR code was issued and nobody has scanned it."""

    CREATED = "CREATED"
    WAITING = "WAITING"
    PAID = "PAID"
    CLOSED = "CLOSED"
    FINISHED = "FINISHED"


class Step(StrEnum):
    """What can happen to a trade."""

    SCAN = "scan"
    PAY = "pay"
    REFUND_PART = "refund_part"
    REFUND_REST = "refund_rest"
    EXPIRE = "expire"
    FINISH = "finish"


# Facts: alipay/states. A pair that is absent is refused.
TRANSITIONS: Mapping[tuple[TradeState, Step], TradeState] = MappingProxyType(
    {
        (TradeState.CREATED, Step.SCAN): TradeState.WAITING,
        (TradeState.CREATED, Step.EXPIRE): TradeState.CLOSED,
        (TradeState.WAITING, Step.SCAN): TradeState.WAITING,
        (TradeState.WAITING, Step.PAY): TradeState.PAID,
        (TradeState.WAITING, Step.EXPIRE): TradeState.CLOSED,
        (TradeState.PAID, Step.REFUND_PART): TradeState.PAID,
        (TradeState.PAID, Step.REFUND_REST): TradeState.CLOSED,
        (TradeState.PAID, Step.FINISH): TradeState.FINISHED,
    }
)

_REFUSALS = {
    TradeState.CREATED: ("not_scanned", "nobody has scanned this order's QR code yet"),
    TradeState.WAITING: ("not_paid", "this trade has not been paid"),
    TradeState.PAID: ("already_paid", "this trade has been paid already"),
    TradeState.CLOSED: ("trade_closed", "this trade is closed"),
    TradeState.FINISHED: ("trade_finished", "this trade is finished and moves no more"),
}


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that went back."""

    out_request_no: str
    amount_fen: Fen
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a provider knows when it opens a trade; never changed afterwards."""

    provider: str
    out_trade_no: str
    merchant_id: str
    app_id: str
    label: str
    subject: str
    total_fen: Fen
    created_at: datetime
    expires_at: datetime
    refundable_s: float
    notify_url: str = ""
    currency: str = "CNY"
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Trade:
    """One order as the platform sees it."""

    opening: Opening
    seq: int
    qr_code: str
    qr_expires_at: datetime
    state: TradeState = TradeState.CREATED
    trade_no: str | None = None
    scanned_at: datetime | None = None
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    refunded_fen: int = 0
    creations: int = 1

    @property
    def paid_fen(self) -> int:
        """What the buyer paid, refunded or not."""
        return self.opening.total_fen if self.paid_at is not None else 0


class Book:
    """All trades of a run, found by order number, by the platform's number and by QR code."""

    def __init__(self) -> None:
        self._trades: list[Trade] = []
        self._by_order: dict[tuple[str, str], Trade] = {}
        self._by_trade_no: dict[tuple[str, str], Trade] = {}
        self._by_qr: dict[str, Trade] = {}

    def open(self, opening: Opening, *, qr_code: str, qr_expires_at: datetime) -> Trade:
        """Enter a new order; the number must be free."""
        key = (opening.provider, opening.out_trade_no)
        assert key not in self._by_order, "look the order up before opening it"
        trade = Trade(opening=opening, seq=len(self._trades) + 1, qr_code=qr_code, qr_expires_at=qr_expires_at)
        self._trades.append(trade)
        self._by_order[key] = trade
        self._by_qr[qr_code] = trade
        return trade

    def renew_qr(self, trade: Trade, *, qr_code: str, qr_expires_at: datetime) -> None:
        """A fresh code for an order nobody has scanned; the old code stops working."""
        self._by_qr.pop(trade.qr_code, None)
        trade.qr_code = qr_code
        trade.qr_expires_at = qr_expires_at
        self._by_qr[qr_code] = trade

    def by_order(self, provider: str, out_trade_no: str, *, now: datetime) -> Trade | None:
        """Look up by the merchant's number."""
        return _aged(self._by_order.get((provider, out_trade_no)), now)

    def by_trade_no(self, provider: str, trade_no: str, *, now: datetime) -> Trade | None:
        """Look up by the platform's number."""
        return _aged(self._by_trade_no.get((provider, trade_no)), now)

    def by_qr(self, qr_code: str, *, now: datetime) -> Trade | None:
        """Look up by the text in the QR code."""
        return _aged(self._by_qr.get(qr_code), now)

    def page(self, *, after: int, limit: int, provider: str | None, now: datetime) -> tuple[list[Trade], int | None]:
        """
        Trades in order of creation.

        Returns:
            The page, and the cursor of the next one or None.
        """
        found: list[Trade] = []
        for trade in self._trades[max(after, 0) :]:
            if provider is not None and trade.opening.provider != provider:
                continue
            if len(found) == limit:
                return found, found[-1].seq
            found.append(trade)
            _aged(trade, now)
        return found, None

    def scan(self, trade: Trade, *, trade_no: str, now: datetime) -> None:
        """The buyer looks at the order: from here on the platform knows a trade."""
        if trade.state is TradeState.CREATED and now >= trade.qr_expires_at:
            raise BookRefused("qr_expired", "this QR code has expired; create the payment again for a fresh one")
        _step(trade, Step.SCAN)
        if trade.trade_no is None:
            trade.trade_no = trade_no
            trade.scanned_at = now
            self._by_trade_no[(trade.opening.provider, trade_no)] = trade

    def pay(self, trade: Trade, *, now: datetime) -> None:
        """The buyer's money moves."""
        _step(trade, Step.PAY)
        trade.paid_at = now

    def refund(self, trade: Trade, refund: Refund) -> None:
        """Money goes back; the caller has made sure that the request number is new."""
        rest = trade.paid_fen - trade.refunded_fen
        if not 0 < refund.amount_fen <= rest:
            raise BookRefused("refund_too_large", "a refund cannot exceed what is left of the payment")
        _step(trade, Step.REFUND_REST if refund.amount_fen == rest else Step.REFUND_PART)
        trade.refunds[refund.out_request_no] = refund
        trade.refunded_fen += refund.amount_fen
        if trade.state is TradeState.CLOSED:
            trade.closed_at = refund.at

    def clear(self) -> None:
        """Forget everything."""
        self._trades.clear()
        self._by_order.clear()
        self._by_trade_no.clear()
        self._by_qr.clear()


def _step(trade: Trade, step: Step) -> None:
    after = TRANSITIONS.get((trade.state, step))
    if after is None:
        code, text = _REFUSALS[trade.state]
        raise BookRefused(code, text)
    trade.state = after


def _aged(trade: Trade | None, now: datetime) -> Trade | None:
    """Apply what time alone has done; expiries need no timer because nobody can see a trade but through here."""
    if trade is None:
        return None
    if trade.state in {TradeState.CREATED, TradeState.WAITING} and now >= trade.opening.expires_at:
        _step(trade, Step.EXPIRE)
        trade.closed_at = trade.opening.expires_at
    elif (
        trade.state is TradeState.PAID
        and trade.paid_at is not None
        and (now - trade.paid_at).total_seconds() > trade.opening.refundable_s
    ):
        _step(trade, Step.FINISH)
    return trade
