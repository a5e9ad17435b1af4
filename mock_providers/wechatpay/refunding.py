"""
The life of a refund after it was accepted: on its way, then arrived, stuck or failed, and told to the merchant.

Both APIs accept refunds in their own words and hand them over here.
"""

from collections.abc import Callable, Mapping

from mock_providers.core.books.book import Refund, RefundState, Trade
from mock_providers.core.plans import AnswerShape
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.states import helped_note, refund_note

# In a refund's details.
ENDING, NOTIFY_URL, STUCK_S, TOLD_IN = "ending", "notify_url", "stuck_s", "told_in"
_DUE, _HELP = "refund", "refund_helped"


def ending_of(shape: AnswerShape) -> str:
    """How a fault wants a refund to end; "" for no wish."""
    if not shape.refund_fails:
        return ""
    return "abnormal" if shape.stuck_s else "closed"


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
        desk.timers.serve(_HELP, self._help)

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
        found = self._on_its_way(mchid, about)
        if found is not None:
            self._conclude(*found)

    def _help(self, mchid: str, about: Mapping[str, str]) -> None:
        """
        Somebody at the merchant's has led it another way.

        Facts: wechatpay/refund-states
        """
        found = self._on_its_way(mchid, about)
        if found is not None:
            self.help_along(*found)

    def _on_its_way(self, mchid: str, about: Mapping[str, str]) -> tuple[Trade, Refund] | None:
        """The refund, unless somebody was faster, by hand."""
        trade = self._desk.order(mchid, about["order"])
        refund = None if trade is None else trade.refunds.get(about["refund"])
        if trade is None or refund is None or refund.state is not RefundState.PROCESSING:
            return None
        return trade, refund

    def _conclude(self, trade: Trade, refund: Refund) -> None:
        helped = helped_note(refund.out_request_no) in trade.notes
        ending = "success" if helped else refund.details.get(ENDING) or self._desk.policy.refund_ending
        if ending == "abnormal":
            trade.notes[refund_note(refund.out_request_no)] = "1"
            self._tell(trade, refund)
            stuck_s = float(refund.details.get(STUCK_S) or 0)
            if stuck_s:
                self._desk.later(stuck_s, _HELP, trade, refund=refund.out_request_no)
        else:
            self.settle(trade, refund, ok=ending == "success")

    def settle(self, trade: Trade, refund: Refund, *, ok: bool) -> None:
        """The refund has arrived, or has failed for good."""
        self._desk.book.settle_refund(trade, refund.out_request_no, ok=ok, now=self._desk.now())
        self._tell(trade, refund)
