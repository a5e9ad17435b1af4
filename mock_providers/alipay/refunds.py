"""
Money back: alipay.trade.refund and alipay.trade.fastpay.refund.query.

A request number is the refund: sent again with the same amount it moves nothing, with another amount it is refused.
"""

from dataclasses import dataclass

from mock_providers.alipay import codes
from mock_providers.alipay.business import Unreadable, amount_field, number_field, text_field
from mock_providers.alipay.states import status_of
from mock_providers.alipay.times import text_of
from mock_providers.alipay.trades import Work, find_trade
from mock_providers.core.book import Book, Refund, Trade, TradeState
from mock_providers.core.money import Fen, yuan_text
from mock_providers.core.reply import ProviderReply


@dataclass(frozen=True, slots=True)
class Asked:
    """A refund as it was asked for."""

    trade: Trade
    refund: Refund
    numbered: bool


def refund(book: Book, work: Work) -> tuple[ProviderReply, Asked | None]:
    """
    Refund a trade in whole or in part.

    Returns:
        The answer, and what was asked where this call moved money.

    Facts: alipay/refund
    """
    out_trade_no = work.fields.get("out_trade_no")
    refused_fields = codes.unrefunded_fields(out_trade_no if isinstance(out_trade_no, str) else None)
    try:
        asked = _asked(book, work)
    except Unreadable as field:
        return codes.invalid_parameter(str(field), refused_fields), None
    if asked is None:
        return codes.trade_not_exist(refused_fields), None
    earlier = asked.trade.refunds.get(asked.refund.out_request_no)
    refusal = _refusal(asked, earlier)
    if refusal is not None:
        return refusal, None
    if earlier is not None:
        return _refund_told(asked.trade, earlier, moved_fen=Fen(0)), None
    book.refund(asked.trade, asked.refund)
    return _refund_told(asked.trade, asked.refund, moved_fen=asked.refund.amount_fen), asked


def _asked(book: Book, work: Work) -> Asked | None:
    trade = find_trade(book, work)
    amount_fen = amount_field(work.fields, "refund_amount")
    request_no = number_field(work.fields, "out_request_no")
    reason = text_field(work.fields, "refund_reason", max_chars=256) or ""
    if amount_fen <= 0:
        raise Unreadable("refund_amount")
    if trade is None or status_of(trade) is None:
        return None
    made = Refund(request_no or trade.opening.out_trade_no, amount_fen, work.now, reason)
    return Asked(trade, made, numbered=request_no is not None)


def _refusal(asked: Asked, earlier: Refund | None) -> ProviderReply | None:
    """A refund known already is judged by its amount alone, whatever has become of the trade since."""
    opening = asked.trade.opening
    refused_fields = codes.unrefunded_fields(opening.out_trade_no)
    if not asked.numbered and asked.refund.amount_fen != opening.total_fen:
        return codes.refund_not_total(refused_fields)
    if earlier is not None:
        same = earlier.amount_fen == asked.refund.amount_fen
        return None if same else codes.refund_repeated_differently(refused_fields)
    return _impossible(asked.trade, asked.refund.amount_fen)


def _impossible(trade: Trade, amount_fen: int) -> ProviderReply | None:
    refused_fields = codes.unrefunded_fields(trade.opening.out_trade_no)
    if trade.state is TradeState.CLOSED:
        return codes.trade_has_close(refused_fields)
    if trade.state is TradeState.FINISHED:
        return codes.trade_has_finished(refused_fields)
    if trade.state is not TradeState.PAID:
        return codes.trade_status_error(refused_fields)
    if amount_fen > trade.paid_fen - trade.refunded_fen:
        return codes.refund_too_large(refused_fields)
    return None


def _refund_told(trade: Trade, told: Refund, *, moved_fen: Fen) -> ProviderReply:
    """`refund_fee` is the trade's refunded total, `send_back_fee` what this very call moved."""
    return codes.success(
        {
            "buyer_logon_id": trade.opening.details["buyer_logon_id"],
            "buyer_user_id": trade.opening.details["buyer_user_id"],
            "fund_change": "Y" if moved_fen else "N",
            "gmt_refund_pay": text_of(told.at),
            "out_trade_no": trade.opening.out_trade_no,
            "refund_fee": yuan_text(trade.refunded_fen),
            "send_back_fee": yuan_text(moved_fen),
            "trade_no": trade.trade_no,
        }
    )


def refund_query(book: Book, work: Work) -> ProviderReply:
    """
    Say whether one refund happened; an unknown request number is a success without refund fields.

    Facts: alipay/refund-query
    """
    try:
        request_no = number_field(work.fields, "out_request_no")
        trade = find_trade(book, work)
    except Unreadable as field:
        return codes.invalid_parameter(str(field), {})
    if request_no is None:
        return codes.invalid_parameter("out_request_no", {})
    if trade is None or status_of(trade) is None:
        return codes.trade_not_exist({})
    fields: dict[str, object] = {"out_trade_no": trade.opening.out_trade_no, "trade_no": trade.trade_no}
    found = trade.refunds.get(request_no)
    if found is not None:
        fields |= {
            "gmt_refund_pay": text_of(found.at),
            "out_request_no": request_no,
            "refund_amount": yuan_text(found.amount_fen),
            "refund_status": "REFUND_SUCCESS",
            "total_amount": yuan_text(trade.opening.total_fen),
        }
        if found.reason:
            fields["refund_reason"] = found.reason
    return codes.success(fields)
