"""
The life of a refund after it was accepted: on its way, then arrived, stuck or failed, and told to the merchant.

Both APIs accept refunds in their own words and hand them over here.
"""

from collections.abc import Callable, Mapping

from mock_providers.core.book import Refund, RefundState, Trade
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.states import helped_note, refund_note

# In a refund's details.
ENDING, NOTIFY_URL, TOLD_IN = "ending", "notify_url", "told_in"
_DUE = "refund"


class Refunding:
    """
    Settles refunds when their time has come.

    Args:
        tell: publishes a refund's new state, in the language that its details name.

    Facts: wechatpay/refund-states
    """

    def __init__(self, desk: Desk, *, tell: Callable[[Trade, Refund], None]) -> None:
        self._desk = desk
        self._tell = tell
        desk.timers.serve(_DUE, self._due)

    def begin(self, trade: Trade, refund: Refund) -> None:
        """Enter *refund*, which is PROCESSING, and let its end come after the time that the policy names."""
        self._desk.book.refund(trade, refund)
        self._expect(trade, refund)

    def help_along(self, trade: Trade, refund: Refund) -> None:
        """
        A stuck refund takes another way, and arrives after the usual time.

        Facts: wechatpay/abnormal-refund
        """
        trade.notes.pop(refund_note(refund.out_request_no), None)
        trade.notes[helped_note(refund.out_request_no)] = "1"
        self._expect(trade, refund)

    def _expect(self, trade: Trade, refund: Refund) -> None:
        self._desk.later(self._desk.policy.refund_settle_s, _DUE, trade, refund=refund.out_request_no)

    def _due(self, mchid: str, about: Mapping[str, str]) -> None:
        trade = self._desk.order(mchid, about["order"])
        refund = None if trade is None else trade.refunds.get(about["refund"])
        if trade is None or refund is None or refund.state is not RefundState.PROCESSING:
            return  # somebody was faster, by hand
        self._conclude(trade, refund)

    def _conclude(self, trade: Trade, refund: Refund) -> None:
        helped = helped_note(refund.out_request_no) in trade.notes
        ending = "success" if helped else refund.details.get(ENDING) or self._desk.policy.refund_ending
        if ending == "abnormal":
            trade.notes[refund_note(refund.out_request_no)] = "1"
            self._tell(trade, refund)
        else:
            self.settle(trade, refund, ok=ending == "success")

    def settle(self, trade: Trade, refund: Refund, *, ok: bool) -> None:
        """The refund has arrived, or has failed for good."""
        self._desk.book.settle_refund(trade, refund.out_request_no, ok=ok, now=self._desk.now())
        self._tell(trade, refund)
