"""
Money back: alipay.trade.refund, alipay.trade.refund.apply and alipay.trade.fastpay.refund.query.

A request number is the refund: sent again with the same amount it moves nothing, with another amount it is refused.
"""

from dataclasses import dataclass
from typing import Protocol

from mock_providers.alipay import codes, orders
from mock_providers.alipay.arrivals import refund_event, refund_later
from mock_providers.alipay.balance import balance_fen
from mock_providers.alipay.business import Unreadable, amount_field, number_field, options_field, text_field
from mock_providers.alipay.states import status_of
from mock_providers.alipay.times import text_of
from mock_providers.alipay.trades import find_trade
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.money import Fen, yuan_text
from mock_providers.core.wire.reply import ProviderReply

# How long a refund stays on its way when it is a fault that holds it up: the pages say, ask after ten seconds.
_HELD_UP_S = 10.0


class Told(Protocol):
    """How a refund is answered."""

    def __call__(self, trade: Trade, told: Refund, work: Work, *, moved_fen: Fen) -> ProviderReply:
        """Say how it stands; *moved_fen* is what this call moved."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A refund as it was asked for."""

    trade: Trade
    refund: Refund
    numbered: bool


def refund(office: Office, work: Work) -> ProviderReply:
    """
    Refund a trade in whole or in part.

    Facts: alipay/refund
    """
    return _refund(office, work, settles_s=office.policy.refund_settles_s, ok=True)


def refund_in_process(office: Office, work: Work, *, ok: bool) -> ProviderReply:
    """
    The same, but the money is held up: the call is handled, `fund_change` is N, and it arrives later or never.

    Facts: alipay/refund, alipay/unknown-outcome
    """
    return _refund(office, work, settles_s=office.policy.refund_settles_s or _HELD_UP_S, ok=ok)


def refund_apply(office: Office, work: Work) -> ProviderReply:
    """
    Take a refund on, and do it afterwards; asked again, say how it stands.

    Facts: alipay/v3-paths
    """
    return _refund(
        office, work, settles_s=office.policy.refund_settles_s or _HELD_UP_S, ok=True, told=_application_told
    )


def refund_apply_in_process(office: Office, work: Work, *, ok: bool) -> ProviderReply:
    """The same; it is always open at first, and a fault decides how it ends."""
    return _refund(office, work, settles_s=office.policy.refund_settles_s or _HELD_UP_S, ok=ok, told=_application_told)


def _refund(office: Office, work: Work, *, settles_s: float, ok: bool, told: Told | None = None) -> ProviderReply:
    told = told or _refund_told
    asked = _asked(office, work)
    if asked is None:
        return codes.business("ACQ.TRADE_NOT_EXIST", codes.unrefunded_fields(work.out_trade_no))
    earlier = asked.trade.refunds.get(asked.refund.out_request_no)
    if earlier is not None and earlier.state is RefundState.FAILED:
        earlier = None if earlier.amount_fen == asked.refund.amount_fen else earlier
    code = _refusal(office, work, asked, earlier)
    if code:
        return codes.business(code, codes.unrefunded_fields(asked.trade.opening.out_trade_no))
    if earlier is not None:
        return told(asked.trade, earlier, work, moved_fen=Fen(0))
    if settles_s > 0:
        refund_later(office, asked.trade, asked.refund, settles_s=settles_s, ok=ok)
        return told(asked.trade, asked.refund, work, moved_fen=Fen(0))
    office.book.refund(asked.trade, asked.refund)
    office.herald.tell(asked.trade, refund_event(asked.trade), refund=asked.refund)
    return told(asked.trade, asked.refund, work, moved_fen=asked.refund.amount_fen)


def _asked(office: Office, work: Work) -> Asked | None:
    trade = find_trade(office, work)
    amount_fen = amount_field(work.fields, "refund_amount")
    request_no = number_field(work.fields, "out_request_no")
    reason = text_field(work.fields, "refund_reason", max_chars=256) or ""
    if amount_fen <= 0:
        raise Unreadable("refund_amount")
    if trade is None or status_of(trade) is None:
        return None
    made = Refund(request_no or trade.opening.out_trade_no, amount_fen, work.now, reason)
    return Asked(trade, made, numbered=request_no is not None)


def _refusal(office: Office, work: Work, asked: Asked, earlier: Refund | None) -> str:
    """A refund known already is judged by its amount alone, whatever has become of the trade since."""
    opening = asked.trade.opening
    if text_field(work.fields, "refund_currency", max_chars=8) not in {None, opening.currency}:
        return "ACQ.CURRENCY_NOT_SUPPORT"
    if not asked.numbered and asked.refund.amount_fen != opening.total_fen:
        return "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    if earlier is not None:
        return "" if earlier.amount_fen == asked.refund.amount_fen else "ACQ.DISCORDANT_REPEAT_REQUEST"
    return impossible(asked.trade, asked.refund.amount_fen) or _too_soon_or_too_dear(office, asked)


def impossible(trade: Trade, amount_fen: int) -> str:
    """
    The code for a trade that has not so much to give back, "" for one that has.

    Facts: alipay/refund
    """
    if trade.state is TradeState.CLOSED:
        return "ACQ.TRADE_HAS_CLOSE"
    if trade.state is TradeState.FINISHED:
        return "ACQ.TRADE_HAS_FINISHED"
    if trade.state is not TradeState.PAID:
        return "ACQ.TRADE_STATUS_ERROR"
    return "ACQ.REASON_TRADE_REFUND_FEE_ERR" if amount_fen > trade.refundable_fen else ""


def _too_soon_or_too_dear(office: Office, asked: Asked) -> str:
    policy, trade = office.policy, asked.trade
    if policy.refunds_whole_only and asked.refund.amount_fen != trade.opening.total_fen:
        return "ACQ.NOT_ALLOW_PARTIAL_REFUND"
    latest = max((one.at for one in trade.refunds.values()), default=None)
    if latest is not None and (asked.refund.at - latest).total_seconds() < policy.refund_spacing_s:
        return "ACQ.SYSTEM_ERROR"
    return "ACQ.SELLER_BALANCE_NOT_ENOUGH" if lacks(office, trade, asked.refund.amount_fen) else ""


def lacks(office: Office, trade: Trade, amount_fen: int) -> bool:
    """Whether the seller cannot pay so much back."""
    now = office.now()
    left = balance_fen(office.policy, office.book, merchant_id=trade.opening.merchant_id, now=now)
    return left is not None and left < amount_fen


def _refund_told(trade: Trade, told: Refund, work: Work, *, moved_fen: Fen) -> ProviderReply:
    """`refund_fee` is the trade's refunded total, `send_back_fee` what this very call moved."""
    fields: dict[str, object] = {
        **orders.buyer_fields(trade),
        "fund_change": "Y" if moved_fen else "N",
        "gmt_refund_pay": text_of(told.at),
        "out_trade_no": trade.opening.out_trade_no,
        "refund_fee": yuan_text(trade.refunded_fen),
        "send_back_fee": yuan_text(moved_fen),
        "trade_no": trade.trade_no,
    }
    return codes.success(fields | _items(told, options_field(work.fields)))


def _items(told: Refund, options: frozenset[str]) -> dict[str, object]:
    if "refund_detail_item_list" not in options or told.state is not RefundState.SUCCEEDED:
        return {}
    return {"refund_detail_item_list": [{"amount": yuan_text(told.amount_fen), "fund_channel": "ALIPAYACCOUNT"}]}


_APPLICATION_STATUS = {
    RefundState.PROCESSING: "REFUND_PROCESSING",
    RefundState.SUCCEEDED: "REFUND_SUCCESS",
    RefundState.FAILED: "REFUND_FAIL",
}


def _application_told(trade: Trade, told: Refund, work: Work, *, moved_fen: Fen) -> ProviderReply:
    """Facts: alipay/v3-paths."""
    del work, moved_fen  # nothing has moved yet, and nothing else was asked for
    return codes.success(
        {
            "out_request_no": told.out_request_no,
            "out_trade_no": trade.opening.out_trade_no,
            "refund_amount": yuan_text(told.amount_fen),
            "refund_status": _APPLICATION_STATUS[told.state],
            "trade_no": trade.trade_no,
        }
    )


def refund_query(office: Office, work: Work) -> ProviderReply:
    """
    Say whether one refund happened; an unknown request number is a success without refund fields.

    Facts: alipay/refund-query
    """
    return _refund_query(office, work, states=frozenset({RefundState.SUCCEEDED}))


def refund_query_gone_well(office: Office, work: Work) -> ProviderReply:
    """The answer as it would be if the refund had arrived, whatever has become of it."""
    return _refund_query(office, work, states=frozenset(RefundState))


def _refund_query(office: Office, work: Work, *, states: frozenset[RefundState]) -> ProviderReply:
    request_no = number_field(work.fields, "out_request_no")
    trade = find_trade(office, work)
    if request_no is None:
        raise Unreadable("out_request_no")
    if trade is None or status_of(trade) is None:
        return codes.business("ACQ.TRADE_NOT_EXIST")
    fields: dict[str, object] = {"out_trade_no": trade.opening.out_trade_no, "trade_no": trade.trade_no}
    found = trade.refunds.get(request_no)
    if found is not None and found.state in states:
        fields |= _refund_found(trade, found, options_field(work.fields))
    return codes.success(fields)


def _refund_found(trade: Trade, found: Refund, options: frozenset[str]) -> dict[str, object]:
    settled = text_of(found.settled_at or found.at)
    fields: dict[str, object] = {
        "gmt_refund_pay": settled,
        "out_request_no": found.out_request_no,
        "refund_amount": yuan_text(found.amount_fen),
        "refund_status": "REFUND_SUCCESS",
        "send_back_fee": yuan_text(found.amount_fen),
        "total_amount": yuan_text(trade.opening.total_fen),
    }
    if found.reason:
        fields["refund_reason"] = found.reason
    if "deposit_back_info" in options:
        fields["deposit_back_info"] = {"has_deposit_back": "false"}
    return fields | _items(found, options)
