"""
The book: trades and refunds, and which step is lawful when; the truth about money in a run.

Knows no vendor's states or codes, sends nothing, and asks nobody for the time: moments are given to it.
"""

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from mock_providers.core.books.payouts import Payouts
from mock_providers.core.books.planted import Planted
from mock_providers.core.money import Fen
from mock_providers.core.numbers import ALONE, Numbers
from mock_providers.core.records import record
from mock_providers.core.shelves.shelf import KEPT, Name, Shelf
from mock_providers.errors import BookRefused

_TOKEN_BYTES = 12
# Where a provider serves the shared cashier pages, followed by a trade's token.
CASHIER_PATH = "/_cashier/"
_NOTHING: Mapping[str, str] = MappingProxyType({})


def _nothing() -> Mapping[str, str]:
    """One empty mapping for all: a book holds a million trades."""
    return _NOTHING


class TradeState(StrEnum):
    """Where a trade stands; CREATED means that the vendor knows no trade yet: no buyer has scanned or come."""

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
    CLOSE = "close"
    PAY_LATE = "pay_late"
    ROLL_BACK = "roll_back"
    FINISH = "finish"


# Facts: alipay/states. A pair that is absent is refused.
TRANSITIONS: Mapping[tuple[TradeState, Step], TradeState] = MappingProxyType(
    {
        (TradeState.CREATED, Step.SCAN): TradeState.WAITING,
        (TradeState.CREATED, Step.EXPIRE): TradeState.CLOSED,
        (TradeState.CREATED, Step.CLOSE): TradeState.CLOSED,
        (TradeState.WAITING, Step.SCAN): TradeState.WAITING,
        (TradeState.WAITING, Step.PAY): TradeState.PAID,
        (TradeState.WAITING, Step.EXPIRE): TradeState.CLOSED,
        (TradeState.WAITING, Step.CLOSE): TradeState.CLOSED,
        (TradeState.PAID, Step.REFUND_PART): TradeState.PAID,
        (TradeState.PAID, Step.REFUND_REST): TradeState.CLOSED,
        (TradeState.PAID, Step.FINISH): TradeState.FINISHED,
        # Money that was on its way when the trade was closed. Only by hand: see Book.pay_late.
        (TradeState.CLOSED, Step.PAY_LATE): TradeState.PAID,
        # A payment that the platform takes back, as if it had never been. Only by fault: see Book.roll_back.
        (TradeState.PAID, Step.ROLL_BACK): TradeState.CLOSED,
    }
)

_REFUSALS = {
    TradeState.CREATED: ("not_scanned", "nobody has scanned this order's QR code yet"),
    TradeState.WAITING: ("not_paid", "this trade has not been paid"),
    TradeState.PAID: ("already_paid", "this trade has been paid already"),
    TradeState.CLOSED: ("trade_closed", "this trade is closed"),
    TradeState.FINISHED: ("trade_finished", "this trade is finished and moves no more"),
}


class RefundState(StrEnum):
    """Where a refund stands; a failed one has given its amount free."""

    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(slots=True)
class Refund:
    """
    Money that goes back.

    Args:
        out_request_no: the merchant's number.
        at: when it was asked for.
        refund_no: the platform's number, "" where it gives none.
        settled_at: when it succeeded or failed; None while it is processing.
    """

    out_request_no: str
    amount_fen: Fen
    at: datetime
    reason: str = ""
    state: RefundState = RefundState.SUCCEEDED
    refund_no: str = ""
    settled_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=_nothing)


@record
class Opening:
    """
    What a provider knows when it opens a trade; never changed afterwards.

    Args:
        product: qr, page, wap, app, jsapi, h5 or barcode.
        payable_until: when buyers come too late although the trade stays open; None where these are one moment.
        details: the provider's own, such as charset or attached texts.
    """

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
    return_url: str = ""
    product: str = "qr"
    currency: str = "CNY"
    payable_until: datetime | None = None
    details: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(slots=True, weakref_slot=True)
class Trade:
    """
    One order as the platform sees it.

    Args:
        closed_by: expired, merchant, buyer, refunded or reversed; "" while it is open.
        late_after: when it had been closed, where its money arrived all the same.
        notes: what the provider writes down as it goes, such as failed tries.
    """

    opening: Opening
    seq: int
    qr_code: str = ""
    qr_expires_at: datetime | None = None
    state: TradeState = TradeState.CREATED
    trade_no: str | None = None
    scanned_at: datetime | None = None
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    late_after: datetime | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    refunded_fen: int = 0
    refunding_fen: int = 0
    creations: int = 1
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def paid_fen(self) -> int:
        """What the buyer paid, refunded or not."""
        return self.opening.total_fen if self.paid_at is not None else 0

    @property
    def refundable_fen(self) -> int:
        """What is left of the payment, refunds on their way taken off."""
        return self.paid_fen - self.refunded_fen - self.refunding_fen


def _names_of(trade: Trade) -> list[Name]:
    opening = trade.opening
    names: list[Name] = [("order", opening.provider, opening.out_trade_no)]
    if trade.qr_code:
        names.append(("qr", trade.qr_code))
    if trade.trade_no is not None:
        names.append(("trade_no", opening.provider, trade.trade_no))
    for refund in trade.refunds.values():
        names += _refund_names(opening, refund)
    return names


def _refund_names(opening: Opening, refund: Refund) -> list[Name]:
    names: list[Name] = [("refund", opening.provider, opening.merchant_id, refund.out_request_no)]
    if refund.refund_no:
        names.append(("refund_no", opening.provider, refund.refund_no))
    return names


_of_trade, _of_opening, _of_refund = (
    attrgetter(*(one.name for one in fields(kind))) for kind in (Trade, Opening, Refund)
)
_OPENING, _REFUNDS = (
    next(place for place, one in enumerate(fields(Trade)) if one.name == name) for name in ("opening", "refunds")
)


def _packed(trade: Trade) -> bytes:
    """As bytes, for this process alone."""
    values = list(_of_trade(trade))
    values[_OPENING] = _plain(_of_opening(trade.opening))
    values[_REFUNDS] = [_plain(_of_refund(refund)) for refund in trade.refunds.values()]
    return pickle.dumps(values, pickle.HIGHEST_PROTOCOL)


def _plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Those of an opening or a refund, which end with details; a read-only mapping becomes one that can be packed."""
    return (*values[:-1], dict(values[-1]))


def _unpacked(body: bytes) -> Trade:
    values = pickle.loads(body)  # noqa: S301  this process wrote it, into a file that has no name
    values[_OPENING] = Opening(*values[_OPENING])
    values[_REFUNDS] = {refund.out_request_no: refund for refund in (Refund(*one) for one in values[_REFUNDS])}
    return Trade(*values)


class Book:
    """
    All trades of a run, found by order number, by the platform's number, by QR code and by cashier token.

    Args:
        kept: so many are kept in memory; those that nobody asked for in a long time lie on disk.
    """

    def __init__(self, *, numbers: Numbers = ALONE, kept: int = KEPT) -> None:
        self._numbers = numbers
        # Told of every new order, where somebody wants to know.
        self.opened: Callable[[Trade], None] | None = None
        self.payouts = Payouts()
        self.planted = Planted()
        self._trades = Shelf(kept=kept, pack=_packed, unpack=_unpacked, names_of=_names_of)

    def open(
        self,
        opening: Opening,
        *,
        qr_code: str = "",
        qr_expires_at: datetime | None = None,
        trade_no: str | None = None,
    ) -> Trade:
        """
        Enter a new order; the number must be free.

        Args:
            qr_code: the text that a buyer scans, where there is one.
            trade_no: the platform's number, for trades that it knows from the start.
        """
        known = self._named(opening.provider, opening.out_trade_no, opening.merchant_id)
        assert known is None, "look the order up before opening it"
        seq = self._numbers.outer(len(self._trades) + 1)
        trade = Trade(opening=opening, seq=seq, qr_code=qr_code, qr_expires_at=qr_expires_at)
        self._trades.add(trade)
        if trade_no is not None:
            self.scan(trade, trade_no=trade_no, now=opening.created_at)
        if self.opened is not None:
            self.opened(trade)
        return trade

    def enter(self, trade: Trade) -> None:
        """Take a trade as it stands, out of a snapshot; the number must be free."""
        trade.seq = self._numbers.outer(len(self._trades) + 1)
        self._trades.add(trade)

    def _touch(self, trade: Trade) -> None:
        """*trade* is about to change."""
        if self._trades.on_disk:
            self._trades.touch(trade, self._numbers.inner(trade.seq))

    def _name(self, trade: Trade, name: Name) -> None:
        self._trades.name(trade, self._numbers.inner(trade.seq), name)

    def renew_qr(self, trade: Trade, *, qr_code: str, qr_expires_at: datetime) -> None:
        """A fresh code for an order nobody has scanned; the old code stops working."""
        self._touch(trade)
        self._trades.unname(self._numbers.inner(trade.seq), ("qr", trade.qr_code))
        trade.qr_code = qr_code
        trade.qr_expires_at = qr_expires_at
        self._name(trade, ("qr", qr_code))

    def by_order(
        self, provider: str, out_trade_no: str, *, now: datetime, merchant_id: str | None = None
    ) -> Trade | None:
        """
        Look up by the merchant's number.

        Args:
            merchant_id: whose number; None takes the first trade of that number.
        """
        return _aged(self._named(provider, out_trade_no, merchant_id), now)

    def _named(self, provider: str, out_trade_no: str, merchant_id: str | None) -> Trade | None:
        name = ("order", provider, out_trade_no)
        if merchant_id is not None:
            for trade in self._trades.recent(name):
                if trade.opening.merchant_id == merchant_id:
                    return trade
            if not self._trades.on_disk:
                return None
        found = self._trades.named(name)
        return next((trade for trade in found if merchant_id in {None, trade.opening.merchant_id}), None)

    def by_trade_no(self, provider: str, trade_no: str, *, now: datetime) -> Trade | None:
        """Look up by the platform's number."""
        return _aged(self._trades.first(("trade_no", provider, trade_no)), now)

    def by_qr(self, qr_code: str, *, now: datetime) -> Trade | None:
        """Look up by the text in the QR code."""
        return _aged(self._trades.first(("qr", qr_code)), now)

    def by_token(self, token: str, *, now: datetime) -> Trade | None:
        """Look up by the token of its cashier page, which ends with the trade's place in the book."""
        _, _, place = token.partition("-")
        if not (place.isascii() and place.isdigit() and len(place) < 16 and self._numbers.ours(int(place))):
            return None
        trade = self._trades[self._numbers.inner(int(place))]
        return _aged(trade, now) if trade is not None and cashier_token(trade) == token else None

    def by_refund_no(self, provider: str, refund_no: str) -> tuple[Trade, Refund] | None:
        """Look up by the platform's number of a refund."""
        trade = self._trades.first(("refund_no", provider, refund_no))
        if trade is None:
            return None
        return next((trade, refund) for refund in trade.refunds.values() if refund.refund_no == refund_no)

    def by_refund_request(self, provider: str, merchant_id: str, out_request_no: str) -> tuple[Trade, Refund] | None:
        """Look up a refund by the merchant's number; of several trades' ones, the first."""
        trade = self._trades.first(("refund", provider, merchant_id, out_request_no))
        return None if trade is None else (trade, trade.refunds[out_request_no])

    def page(
        self, *, after: int, limit: int, now: datetime, provider: str | None = None, merchant_id: str | None = None
    ) -> tuple[list[Trade], int | None]:
        """
        Trades in order of creation.

        Returns:
            The page, and the cursor of the next one or None.
        """
        found: list[Trade] = []
        for trade in self._trades.read(range(self._numbers.inner(after) + 1, len(self._trades) + 1)):
            opening = trade.opening
            if provider not in {None, opening.provider} or merchant_id not in {None, opening.merchant_id}:
                continue
            if len(found) == limit:
                return found, found[-1].seq
            found.append(trade)
            _aged(trade, now)
        return found, None

    def trades(self, *, now: datetime) -> Iterator[Trade]:
        """All of them, in order of creation."""
        for trade in self._trades.read(range(1, len(self._trades) + 1)):
            _aged(trade, now)
            yield trade

    def newest(self, *, now: datetime, before: int | None = None) -> Iterator[Trade]:
        """
        The latest first.

        Args:
            before: only those with a lower `seq`.
        """
        last = len(self._trades) if before is None else min(self._numbers.inner(before - 1), len(self._trades))
        for trade in self._trades.read(range(last, 0, -1)):
            _aged(trade, now)
            yield trade

    def __len__(self) -> int:
        return len(self._trades)

    def scan(self, trade: Trade, *, trade_no: str, now: datetime) -> None:
        """The buyer looks at the order: from here on the platform knows a trade."""
        if trade.state is TradeState.CREATED and trade.qr_expires_at is not None and now >= trade.qr_expires_at:
            raise BookRefused("qr_expired", "this QR code has expired; create the payment again for a fresh one")
        self._touch(trade)
        _step(trade, Step.SCAN)
        if trade.trade_no is None:
            trade.trade_no = trade_no
            trade.scanned_at = now
            self._name(trade, ("trade_no", trade.opening.provider, trade_no))

    def pay(self, trade: Trade, *, now: datetime) -> None:
        """
        The buyer's money moves.

        Raises:
            BookRefused: not in this state, or the buyer comes too late.
        """
        until = trade.opening.payable_until
        if until is not None and now > until and trade.state is TradeState.WAITING:
            raise BookRefused("payment_overdue", "the merchant takes no payment for this order any more")
        self._touch(trade)
        _step(trade, Step.PAY)
        trade.paid_at = now

    def pay_late(self, trade: Trade, *, now: datetime) -> None:
        """
        The buyer's money arrives although the trade is closed: it was on its way when the door shut.

        Raises:
            BookRefused: the trade is open, or was paid before.
        """
        if trade.state is TradeState.CLOSED and trade.paid_at is not None:
            raise BookRefused("already_paid", "this trade was paid before it was closed")
        self._touch(trade)
        _step(trade, Step.PAY_LATE)
        trade.paid_at, trade.late_after = now, trade.closed_at
        trade.closed_at = None
        trade.closed_by = ""

    def roll_back(self, trade: Trade, *, now: datetime) -> None:
        """
        The platform takes a payment back, as if it had never been.

        Raises:
            BookRefused: it is not paid, or some of it was refunded.
        """
        if trade.refunds:
            raise BookRefused("refunded", "a payment that was refunded in part is not rolled back")
        self._touch(trade)
        _step(trade, Step.ROLL_BACK)
        trade.paid_at, trade.closed_at, trade.closed_by = None, now, "rolled_back"

    def close(self, trade: Trade, *, now: datetime, by: str = "merchant") -> None:
        """
        End a trade that nobody has paid.

        Args:
            by: merchant or buyer.
        """
        self._touch(trade)
        _step(trade, Step.CLOSE)
        trade.closed_at, trade.closed_by = now, by

    def refund(self, trade: Trade, refund: Refund, *, closed_by: str = "refunded") -> None:
        """
        Money goes back, or is on its way; the caller has made sure that the request number is new.

        A refund that is processing reserves its amount; a trade closes when all of it has arrived.
        """
        if not 0 < refund.amount_fen <= trade.refundable_fen:
            raise BookRefused("refund_too_large", "a refund cannot exceed what is left of the payment")
        self._touch(trade)
        if refund.state is RefundState.PROCESSING:
            if trade.state is not TradeState.PAID:
                raise BookRefused(*_REFUSALS[trade.state])
            trade.refunding_fen += refund.amount_fen
        else:
            self._arrived(trade, refund, closed_by=closed_by)
        trade.refunds[refund.out_request_no] = refund
        for name in _refund_names(trade.opening, refund):
            if self._trades.first(name) is None:  # else another trade's, which keeps the number
                self._name(trade, name)

    def settle_refund(self, trade: Trade, out_request_no: str, *, ok: bool, now: datetime) -> Refund:
        """
        A refund that was on its way has arrived, or has failed and gives its amount free.

        Raises:
            BookRefused: it is unknown, or settled already.
        """
        refund = trade.refunds.get(out_request_no)
        if refund is None or refund.state is not RefundState.PROCESSING:
            raise BookRefused("refund_not_processing", "no refund of this number is on its way")
        self._touch(trade)
        trade.refunding_fen -= refund.amount_fen
        refund.settled_at = now
        if ok:
            refund.state = RefundState.SUCCEEDED
            self._arrived(trade, refund, closed_by="refunded")
        else:
            refund.state = RefundState.FAILED
        return refund

    def _arrived(self, trade: Trade, refund: Refund, *, closed_by: str) -> None:
        whole = trade.refunded_fen + refund.amount_fen == trade.paid_fen
        _step(trade, Step.REFUND_REST if whole else Step.REFUND_PART)
        trade.refunded_fen += refund.amount_fen
        refund.settled_at = refund.settled_at or refund.at
        if trade.state is TradeState.CLOSED:
            trade.closed_at, trade.closed_by = refund.settled_at, closed_by

    def clear(self) -> None:
        """Forget everything."""
        self.payouts.clear()
        self.planted.clear()
        self._trades.clear()

    def release(self) -> None:
        """Let go of what lies on disk."""
        self._trades.close()


def cashier_token(trade: Trade) -> str:
    """What stands in the address of a trade's cashier page: a hash of whose order it is, and its place in the book."""
    opening = trade.opening
    about = f"{opening.provider}\0{opening.merchant_id}\0{opening.out_trade_no}"
    return f"{blake2b(about.encode('utf-8', 'surrogatepass'), digest_size=_TOKEN_BYTES).hexdigest()}-{trade.seq}"


def _step(trade: Trade, step: Step) -> None:
    after = TRANSITIONS.get((trade.state, step))
    if after is None:
        raise BookRefused(*_REFUSALS[trade.state])
    trade.state = after


def _aged(trade: Trade | None, now: datetime) -> Trade | None:
    """Apply what time alone has done; expiries need no timer because nobody can see a trade but through here."""
    if trade is None:
        return None
    if trade.state in {TradeState.CREATED, TradeState.WAITING} and now >= trade.opening.expires_at:
        _step(trade, Step.EXPIRE)
        trade.closed_at, trade.closed_by = trade.opening.expires_at, "expired"
    elif (
        trade.state is TradeState.PAID
        and trade.paid_at is not None
        and (now - trade.paid_at).total_seconds() > trade.opening.refundable_s
    ):
        _step(trade, Step.FINISH)
    return trade
