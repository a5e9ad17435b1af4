"""The vendor's words for trades and refunds, and the maps from the book's states."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState


class TradeWord(StrEnum):
    """
    What merchants read in `trade_state`, in both APIs.

    Facts: wechatpay/trade-states
    """

    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    NOTPAY = "NOTPAY"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"
    USERPAYING = "USERPAYING"
    PAYERROR = "PAYERROR"


DESCRIPTIONS: Mapping[TradeWord, str] = MappingProxyType(
    {
        TradeWord.SUCCESS: "支付成功",
        TradeWord.REFUND: "订单发生过退款，退款详情请查询退款单",  # noqa: RUF001
        TradeWord.NOTPAY: "订单未支付",
        TradeWord.CLOSED: "订单已关闭",
        TradeWord.REVOKED: "订单已撤销",
        TradeWord.USERPAYING: "需要用户输入支付密码",
        TradeWord.PAYERROR: "支付失败(其他原因，如银行返回失败)",  # noqa: RUF001
    }
)

# What a payment by code is waiting for, written into the trade's notes: USERPAYING or PAYERROR.
PAYING = "paying"


class RefundWord(StrEnum):
    """
    What merchants read in a refund's `status`.

    Facts: wechatpay/refund-states
    """

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    ABNORMAL = "ABNORMAL"


_UNPAID = frozenset({TradeState.CREATED, TradeState.WAITING})


def word_of(trade: Trade, *, refund_closed_is_success: bool = False) -> TradeWord:
    """
    The state of a trade.

    Args:
        refund_closed_is_success: a trade whose every refund failed is SUCCESS again; undocumented.

    Facts: wechatpay/trade-states
    """
    if trade.state in _UNPAID:
        return TradeWord(trade.notes.get(PAYING) or TradeWord.NOTPAY)
    if trade.closed_by == "reversed":
        return TradeWord.REVOKED
    if trade.paid_at is None:
        return TradeWord.CLOSED
    alive = [one for one in trade.refunds.values() if one.state is not RefundState.FAILED]
    refunds = alive if refund_closed_is_success else trade.refunds
    return TradeWord.REFUND if refunds else TradeWord.SUCCESS


def refund_note(out_refund_no: str) -> str:
    """Under which name a trade's notes say that this refund has got stuck."""
    return f"abnormal:{out_refund_no}"


def helped_note(out_refund_no: str) -> str:
    """Under which name a trade's notes say when this refund was helped along another way."""
    return f"helped:{out_refund_no}"


def refund_word_of(trade: Trade, refund: Refund) -> RefundWord:
    """
    The state of a refund; ABNORMAL is not final, so the book still holds it as on its way.

    Facts: wechatpay/refund-states
    """
    if refund.state is RefundState.SUCCEEDED:
        return RefundWord.SUCCESS
    if refund.state is RefundState.FAILED:
        return RefundWord.CLOSED
    return RefundWord.ABNORMAL if refund_note(refund.out_request_no) in trade.notes else RefundWord.PROCESSING
