"""
Tells merchants what happened, where they asked for it and where this kind of event is told at all.

Events that time alone brings about, such as a trade that nobody paid in time, get a timer only where they are told.
"""

from collections.abc import Mapping

from mock_providers.alipay import notify
from mock_providers.alipay.policy import Policy
from mock_providers.core.books.book import Refund, Trade, TradeState
from mock_providers.core.books.payouts import Payout
from mock_providers.core.provider import ProviderWorld
from mock_providers.core.timers import OwnTimers

# A payment that is refundable for a year is finished when the year is over, not when it ends.
_AFTERWARDS_S = 1.0
TIME_CAME = "time_came"


class AlipayHerald:
    """
    Args:
        timers: keep what falls due; what each job does is served elsewhere.
    """

    def __init__(self, policy: Policy, *, world: ProviderWorld, timers: OwnTimers) -> None:
        self._policy = policy
        self._book = world.book
        self._schedule = world.schedule
        self._ids = world.ids
        self._notices = world.notices
        self._timers = timers

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

    def later(self, seconds: float, job: str, *, merchant_id: str, **about: str) -> None:
        """Have *job* done about something of a merchant's when so many seconds of the schedule have passed."""
        self._timers.after(seconds, job, merchant_id=merchant_id, **about)

    def _expect(self, trade: Trade, event: str) -> None:
        """Set a timer for what time will do to this trade, if that is told."""
        opening = trade.opening
        if not opening.notify_url:
            return
        if event == "scan" and self._policy.tells("close", opening.product):
            seconds = (opening.expires_at - self._schedule.now()).total_seconds()
            self._expected(trade, TradeState.CLOSED, in_s=seconds)
        elif event == "payment" and self._policy.tells("finish", opening.product):
            self._expected(trade, TradeState.FINISHED, in_s=opening.refundable_s + _AFTERWARDS_S)

    def _expected(self, trade: Trade, state: TradeState, *, in_s: float) -> None:
        opening = trade.opening
        self.later(in_s, TIME_CAME, merchant_id=opening.merchant_id, order=opening.out_trade_no, state=state)

    def time_came(self, merchant_id: str, about: Mapping[str, str]) -> None:
        """Tell what time alone has done to a trade, unless something else has happened to it."""
        # Looking a trade up is what makes it older.
        trade = self._book.by_order("alipay", about["order"], now=self._schedule.now(), merchant_id=merchant_id)
        if trade is None or trade.state != about["state"]:
            return
        if trade.state is TradeState.FINISHED:
            self.tell(trade, "finish")
        elif trade.closed_by == "expired":
            self.tell(trade, "close")
