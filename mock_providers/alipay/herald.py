"""
Tells merchants what happened, where they asked for it and where this kind of event is told at all.

Events that time alone brings about, such as a trade that nobody paid in time, get a timer only where they are told.
"""

from collections.abc import Callable
from datetime import datetime

from mock_providers.alipay import notify
from mock_providers.alipay.policy import Policy
from mock_providers.core.book import Book, Refund, Trade, TradeState
from mock_providers.core.clock import ScheduleClock
from mock_providers.core.ids import Ids
from mock_providers.core.payouts import Payout
from mock_providers.core.provider import NoticeSender

# A payment that is refundable for a year is finished when the year is over, not when it ends.
_AFTERWARDS_S = 1.0


class AlipayHerald:
    """
    Args:
        book: asked for a trade's state when its time is over.
    """

    def __init__(self, policy: Policy, *, book: Book, schedule: ScheduleClock, ids: Ids, notices: NoticeSender) -> None:
        self._policy = policy
        self._book = book
        self._schedule = schedule
        self._ids = ids
        self._notices = notices

    def tell(self, trade: Trade, event: str, *, refund: Refund | None = None, notify_url: str = "") -> None:
        """
        Tell an event of a trade that the platform knows.

        Facts: alipay/notify-statuses
        """
        self._expect(trade, event)
        url = notify_url or trade.opening.notify_url
        if url and trade.trade_no is not None and self._policy.tells(event, trade.opening.product):
            now = self._schedule.now()
            notice = notify.notice_of(trade, event, ids=self._ids, now=now, refund=refund, url=url)
            self._notices.publish(notice)

    def tell_payout(self, payout: Payout) -> None:
        """
        Tell the result of a payout to the application gateway.

        Facts: alipay/transfer
        """
        if self._policy.app_gateway_url:
            now = self._schedule.now()
            url = self._policy.app_gateway_url
            self._notices.publish(notify.payout_notice(payout, ids=self._ids, now=now, url=url))

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Do *job* on the schedule."""

        async def due() -> None:
            job()

        self._schedule.call_at(self._schedule.now_s + seconds, due)

    def _expect(self, trade: Trade, event: str) -> None:
        """Set a timer for what time will do to this trade, if that is told."""
        opening = trade.opening
        if not opening.notify_url:
            return
        if event == "scan" and self._policy.tells("close", opening.product):
            self._at(opening.expires_at, trade, TradeState.CLOSED)
        elif event == "payment" and self._policy.tells("finish", opening.product):
            self.later(opening.refundable_s + _AFTERWARDS_S, lambda: self._came(trade, TradeState.FINISHED))

    def _at(self, moment: datetime, trade: Trade, state: TradeState) -> None:
        seconds = (moment - self._schedule.now()).total_seconds()
        self.later(seconds, lambda: self._came(trade, state))

    def _came(self, trade: Trade, state: TradeState) -> None:
        opening = trade.opening
        # Looking a trade up is what makes it older.
        self._book.by_order(
            opening.provider, opening.out_trade_no, now=self._schedule.now(), merchant_id=opening.merchant_id
        )
        if trade.state is not state:
            return
        if state is TradeState.FINISHED:
            self.tell(trade, "finish")
        elif trade.closed_by == "expired":
            self.tell(trade, "close")
