"""
Money that is on its way: refunds and transfers whose result comes later.

A timer settles them and tells of it. When and how they end is written down with them too, so that a run that goes on in
another process, where there is no timer, settles them as soon as somebody looks.
"""

from datetime import datetime, timedelta

from mock_providers.alipay import codes
from mock_providers.alipay.work import Office
from mock_providers.core.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.payouts import Payout, PayoutState

_DUE, _END = "settles_at", "ends"
_UNTAKEN = "PAYEE_ACCOUNT_STATUS_ERROR"


def refund_later(office: Office, trade: Trade, made: Refund, *, settles_s: float, ok: bool) -> None:
    """Set a refund on its way; it arrives, or with *ok* false fails, when its time has come."""
    due_at = office.now() + timedelta(seconds=settles_s)
    made.state, made.settled_at = RefundState.PROCESSING, None
    made.details = {_DUE: due_at.isoformat(), _END: "arrived" if ok else "failed"}
    office.book.refund(trade, made)
    office.herald.later(settles_s, lambda: settle_refunds(office, trade))


def settle_refunds(office: Office, trade: Trade) -> None:
    """Settle what is due of a trade's refunds, and tell of those that arrived; what failed is told by nobody."""
    now = office.now()
    for made in [one for one in trade.refunds.values() if one.state is RefundState.PROCESSING]:
        if not _due(made.details.get(_DUE, ""), now):
            continue
        arrives = made.details[_END] == "arrived"
        office.book.settle_refund(trade, made.out_request_no, ok=arrives, now=now)
        if arrives:
            office.herald.tell(trade, refund_event(trade), refund=made)


def refund_event(trade: Trade) -> str:
    """Which kind of refund was the last: the one that closed the trade, or a part."""
    return "refund_whole" if trade.state is TradeState.CLOSED else "refund_part"


def payout_later(office: Office, payout: Payout, *, settles_s: float, end: PayoutState) -> None:
    """Let a transfer come to its end when its time has come, which may be now."""
    payout.notes |= {_DUE: (office.now() + timedelta(seconds=settles_s)).isoformat(), _END: end}
    if settles_s > 0:
        office.herald.later(settles_s, lambda: settle_payout(office, payout))
    else:
        settle_payout(office, payout)


def settle_payout(office: Office, payout: Payout) -> None:
    """Settle a transfer that is due, and tell of it."""
    now = office.now()
    if payout.state is not PayoutState.PROCESSING or not _due(payout.notes.get(_DUE, ""), now):
        return
    end = PayoutState(payout.notes[_END])
    if end in {PayoutState.FAILED, PayoutState.RETURNED}:
        payout.notes |= {"error_code": _UNTAKEN, "fail_reason": codes.table().business[_UNTAKEN]}
    office.book.payouts.settle(payout, end, now=now)
    office.herald.tell_payout(payout)


def _due(text: str, now: datetime) -> bool:
    return bool(text) and now >= datetime.fromisoformat(text)
