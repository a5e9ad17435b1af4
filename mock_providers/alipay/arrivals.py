"""
Money that is on its way: refunds and transfers whose result comes later.

How they end is written down with them; a timer brings the end about, and tells of it.
"""

from collections.abc import Mapping

from mock_providers.alipay import codes
from mock_providers.alipay.work import Office
from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.books.payouts import Payout, PayoutState

_END = "ends"
_UNTAKEN = "PAYEE_ACCOUNT_STATUS_ERROR"
# What timers are set for.
REFUND_DUE, PAYOUT_DUE = "refund", "payout"


def refund_later(office: Office, trade: Trade, made: Refund, *, settles_s: float, ok: bool) -> None:
    """Set a refund on its way; it arrives, or with *ok* false fails, when its time has come."""
    made.state, made.settled_at = RefundState.PROCESSING, None
    made.details = {_END: "arrived" if ok else "failed"}
    office.book.refund(trade, made)
    merchant_id, order = trade.opening.merchant_id, trade.opening.out_trade_no
    office.herald.later(settles_s, REFUND_DUE, merchant_id=merchant_id, order=order, refund=made.out_request_no)


def refund_due(office: Office, merchant_id: str, about: Mapping[str, str]) -> None:
    """Settle a refund whose time has come, and tell of it if it arrived; what failed is told by nobody."""
    now = office.now()
    trade = office.book.by_order("alipay", about["order"], now=now, merchant_id=merchant_id)
    made = None if trade is None else trade.refunds.get(about["refund"])
    if trade is None or made is None or made.state is not RefundState.PROCESSING:
        return
    arrives = made.details[_END] == "arrived"
    office.book.settle_refund(trade, made.out_request_no, ok=arrives, now=now)
    if arrives:
        office.herald.tell(trade, refund_event(trade), refund=made)


def refund_event(trade: Trade) -> str:
    """Which kind of refund was the last: the one that closed the trade, or a part."""
    return "refund_whole" if trade.state is TradeState.CLOSED else "refund_part"


def payout_later(office: Office, payout: Payout, *, settles_s: float, end: PayoutState) -> None:
    """Let a transfer come to its end when its time has come, which may be now."""
    payout.notes[_END] = end
    if settles_s > 0:
        office.herald.later(settles_s, PAYOUT_DUE, merchant_id=payout.merchant_id, number=payout.out_biz_no)
    else:
        _settle(office, payout)


def payout_due(office: Office, merchant_id: str, about: Mapping[str, str]) -> None:
    """Settle a transfer whose time has come, and tell of it."""
    payout = office.book.payouts.by_number("alipay", merchant_id, about["number"])
    if payout is not None and payout.state is PayoutState.PROCESSING:
        _settle(office, payout)


def _settle(office: Office, payout: Payout) -> None:
    end = PayoutState(payout.notes[_END])
    if end in {PayoutState.FAILED, PayoutState.RETURNED}:
        payout.notes |= {"error_code": _UNTAKEN, "fail_reason": codes.table().business[_UNTAKEN]}
    office.book.payouts.settle(payout, end, now=office.now())
    office.herald.tell_payout(payout)
