"""
Ends that the merchant asks for: alipay.trade.close for what is unpaid, alipay.trade.cancel for what may be either.
"""

from datetime import datetime

from mock_providers.alipay import codes
from mock_providers.alipay.refunds import impossible, lacks
from mock_providers.alipay.states import TradeStatus, status_of
from mock_providers.alipay.trades import find_trade
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.core.wire.reply import ProviderReply

# A cancel of these may succeed a little later, with the same numbers. Facts: alipay/business-codes
RETRIED = frozenset({"ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "ACQ.SELLER_BALANCE_NOT_ENOUGH"})


def close(office: Office, work: Work) -> ProviderReply:
    """
    Close a trade that waits for its buyer, and no other.

    Facts: alipay/close
    """
    trade = find_trade(office, work)
    status = None if trade is None else status_of(trade)
    if trade is None or status is None:
        return codes.business("ACQ.TRADE_NOT_EXIST", _numbers(work.out_trade_no))
    numbers = _numbers(trade.opening.out_trade_no)
    if status is not TradeStatus.WAIT_BUYER_PAY:
        return codes.business("ACQ.TRADE_STATUS_ERROR", numbers)
    office.book.close(trade, now=work.now, by="merchant")
    office.herald.tell(trade, "close", notify_url=work.notify_url)
    return codes.success(numbers | {"trade_no": trade.trade_no})


def _numbers(out_trade_no: str | None) -> dict[str, object]:
    return {"out_trade_no": out_trade_no} if out_trade_no else {}


def cancel(office: Office, work: Work) -> ProviderReply:
    """
    End a trade whose outcome is not known: close it if it is unpaid, pay it back if it is paid.

    Facts: alipay/cancel
    """
    trade = find_trade(office, work)
    number = work.out_trade_no if trade is None else trade.opening.out_trade_no
    told: dict[str, object] = {"retry_flag": "N"} | _numbers(number)
    if trade is None:
        return codes.success(told)
    if trade.trade_no is None:
        # A code that nobody scanned: there is no trade, and nobody shall scan it any more.
        if trade.state is TradeState.CREATED:
            office.book.close(trade, now=work.now, by="merchant")
        return codes.success(told)
    code = _refusal(office, trade, work.now)
    if code:
        flag = "Y" if code in RETRIED else "N"
        return codes.business(code, codes.uncancelled_fields(number) | {"retry_flag": flag})
    action = _ended(office, trade, work)
    return codes.success(told | {"action": action, "trade_no": trade.trade_no})


def _refusal(office: Office, trade: Trade, now: datetime) -> str:
    """What was cancelled before is cancelled again in peace; what was refunded by hand is not."""
    if trade.closed_by in {"reversed", "merchant", "buyer", "expired", "rolled_back"}:
        return ""
    if any(one.state is not RefundState.FAILED for one in trade.refunds.values()):
        return "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    if (now - trade.opening.created_at).total_seconds() > office.policy.cancel_window_s:
        return "ACQ.TRADE_CANCEL_TIME_OUT"
    if trade.state is TradeState.WAITING:
        return ""
    whole = trade.opening.total_fen
    return impossible(trade, whole) or ("ACQ.SELLER_BALANCE_NOT_ENOUGH" if lacks(office, trade, whole) else "")


def _ended(office: Office, trade: Trade, work: Work) -> str:
    """
    Returns:
        What became of it: close or refund.
    """
    if trade.closed_by == "reversed":
        return "refund"
    if trade.state is TradeState.PAID:
        made = Refund(trade.opening.out_trade_no, Fen(trade.opening.total_fen), work.now, "cancel")
        office.book.refund(trade, made, closed_by="reversed")
        office.herald.tell(trade, "refund_whole", refund=made)
        return "refund"
    if trade.state is TradeState.WAITING:
        office.book.close(trade, now=work.now, by="merchant")
        office.herald.tell(trade, "close")
    return "close"
