"""What both of the vendor's languages work with: the world, the keys, the merchants, and what is common in business."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mock_providers.core.books.book import Book, Refund, Trade, TradeState
from mock_providers.core.plans import PlannedDelivery
from mock_providers.core.provider import Call, Notice, OutgoingNotify, ProviderWorld
from mock_providers.core.timers import OwnTimers
from mock_providers.core.wire.journal import RawRequest, RawResponse
from mock_providers.wechatpay.merchants import KeyRing, Merchant
from mock_providers.wechatpay.numbers import Numbers
from mock_providers.wechatpay.policy import Policy
from mock_providers.wechatpay.states import PAYING, TradeWord

PROVIDER_NAME = "wechatpay"
V3, V2 = "v3", "v2"
# In a trade's details: which language its payment is told in.
LANGUAGE = "language"
# In the details of trades, refunds and payouts: the serial that the merchant named when it was made.
ASKED_SERIAL = "asked_serial"
# In the details of a service provider's trades: for whom it is, and what the buyer is called there.
SUB_MCHID, SUB_APPID, SUB_OPENID = "sub_mchid", "sub_appid", "sub_openid"
# Refunds are possible for a year. Facts: wechatpay/refund-rules
REFUNDABLE_S = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Collaborators; no state of its own."""

    world: ProviderWorld
    policy: Policy
    keys: KeyRing
    merchants: Mapping[str, Merchant]
    numbers: Numbers
    timers: OwnTimers

    @property
    def book(self) -> Book:
        """The truth about money."""
        return self.world.book

    def now(self) -> datetime:
        """Schedule time."""
        return self.world.schedule.now()

    def order(self, mchid: str, out_trade_no: str) -> Trade | None:
        """A merchant's trade by the merchant's number."""
        return self.world.book.by_order(PROVIDER_NAME, out_trade_no, now=self.now(), merchant_id=mchid)

    def paid_trade(self, mchid: str, transaction_id: str) -> Trade | None:
        """
        A merchant's trade by the platform's number, which nobody is told before it is paid.

        Facts: wechatpay/query
        """
        trade = self.world.book.by_trade_no(PROVIDER_NAME, transaction_id, now=self.now())
        known = trade is not None and trade.opening.merchant_id == mchid and trade.paid_at is not None
        return trade if known else None

    def typing(self, mchid: str, out_trade_no: str) -> Trade | None:
        """The trade, where its buyer is still at the password; None where somebody was faster."""
        trade = self.order(mchid, out_trade_no)
        if trade is None or trade.state is not TradeState.WAITING or trade.notes.get(PAYING) != TradeWord.USERPAYING:
            return None
        return trade

    def later(self, seconds: float, job: str, trade: Trade, **about: str) -> None:
        """Have *job* done about *trade* when so many seconds of the schedule have passed."""
        opening = trade.opening
        self.timers.after(seconds, job, merchant_id=opening.merchant_id, order=opening.out_trade_no, **about)

    def refund_by_number(self, mchid: str, out_refund_no: str) -> tuple[Trade, Refund] | None:
        """A refund by the merchant's number, which is one for all of the merchant's orders."""
        return self.world.book.by_refund_request(PROVIDER_NAME, mchid, out_refund_no)


class Language(Protocol):
    """One of the two APIs: how it is spoken to, and how it tells what happened."""

    def read(self, request: RawRequest) -> Call:
        """Understand a request; changes nothing in the book."""
        ...

    def payment(self, trade: Trade) -> Notice | None:
        """The notice of a payment, None where nobody asked for one."""
        ...

    def refund(self, trade: Trade, refund: Refund) -> Notice | None:
        """The notice of a refund's new state, None where nobody asked for one."""
        ...

    def render(self, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
        """Write one delivery."""
        ...

    def acknowledged(self, response: RawResponse) -> bool:
        """Whether this answer ends the ladder."""
        ...
