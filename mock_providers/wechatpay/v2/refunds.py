"""
Money back: `/secapi/pay/refund` and `/pay/refundquery`.

A refund number is the refund: sent again with the same amounts it moves nothing, with others it is refused.
"""

from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.wechatpay.desk import PROVIDER_NAME, V2, Desk
from mock_providers.wechatpay.refunding import ENDING, NOTIFY_URL, STUCK_S, TOLD_IN, Refunding
from mock_providers.wechatpay.states import RefundWord, refund_word_of
from mock_providers.wechatpay.times import spaced
from mock_providers.wechatpay.v2 import codes
from mock_providers.wechatpay.v2.codes import Refusal
from mock_providers.wechatpay.v2.notify import STATUS, settled_fen
from mock_providers.wechatpay.v2.orders import Orders, in_house
from mock_providers.wechatpay.v2.shown import amounts_of
from mock_providers.wechatpay.v2.work import Answer, Done, Work

# Facts: wechatpay/v2-refund, wechatpay/v2-refundquery
_REFUNDS_MAX = 50
_PAGE = 10
_UNSETTLED = "REFUND_SOURCE_UNSETTLED_FUNDS"


class Refunds:
    """The APIs about refunds."""

    def __init__(self, desk: Desk, *, refunding: Refunding) -> None:
        self._desk = desk
        self._refunding = refunding
        self._orders = Orders(desk)

    def create(self, work: Work) -> Answer:
        """
        Accept a refund, which is on its way from here on, or recognise one.

        Facts: wechatpay/v2-refund
        """
        trade = self._orders.found(work)
        if trade is None:
            return codes.TRANSACTION_UNKNOWN if work.get("transaction_id") else codes.ORDERNOTEXIST
        if trade.paid_at is None:
            return codes.ORDERNOTEXIST
        if work.fields["total_fee"] != str(trade.opening.total_fen):
            return codes.TOTAL_MISMATCH
        amount_fen = int(work.fields["refund_fee"])
        elsewhere = self._desk.book.by_refund_request(PROVIDER_NAME, work.merchant.mchid, work.fields["out_refund_no"])
        if elsewhere is not None:
            same = elsewhere[0] is trade and elsewhere[1].amount_fen == amount_fen
            return _accepted(*elsewhere) if same else codes.REFUND_FEE_MISMATCH
        refusal = _impossible(trade, amount_fen)
        if refusal is not None:
            return refusal
        refund = self._refund(trade, work, amount_fen)
        self._refunding.begin(trade, refund)
        return _accepted(trade, refund)

    def _refund(self, trade: Trade, work: Work, amount_fen: int) -> Refund:
        number = work.fields["out_refund_no"]
        return Refund(
            out_request_no=number,
            amount_fen=Fen(amount_fen),
            at=work.now,
            reason=work.get("refund_desc"),
            state=RefundState.PROCESSING,
            refund_no=self._desk.numbers.refund_id(trade.opening.merchant_id, number, now=work.now),
            details={
                TOLD_IN: V2,
                NOTIFY_URL: work.get("notify_url") or self._desk.policy.refund_notify_url,
                "refund_account": work.get("refund_account"),
                ENDING: work.ending,
                STUCK_S: f"{work.stuck_s:g}",
            },
        )

    def query(self, work: Work) -> Answer:
        """
        One refund by its number, or all of a trade, ten at a time.

        Facts: wechatpay/v2-refundquery
        """
        found = self._found(work)
        if isinstance(found, Refusal):
            return found
        trade, refunds = found
        offset = int(work.get("offset") or "0")
        if not refunds:
            return codes.REFUNDNOTEXIST
        if offset >= len(refunds):
            return codes.OFFSET_TOO_LARGE
        shown = refunds[offset : offset + _PAGE]
        fields = {
            "transaction_id": trade.trade_no or "",
            "out_trade_no": trade.opening.out_trade_no,
            **amounts_of(trade),
            "total_refund_count": str(len(refunds)),
            "refund_count": str(len(shown)),
        }
        for place, refund in enumerate(shown):
            fields |= {f"{name}_{place}": value for name, value in _told(trade, refund).items()}
        return Done(fields)

    def _found(self, work: Work) -> tuple[Trade, list[Refund]] | Refusal:
        """The platform's refund number wins, then the merchant's, then the trade's numbers."""
        mchid = work.merchant.mchid
        if work.get("refund_id"):
            one = self._desk.book.by_refund_no(PROVIDER_NAME, work.fields["refund_id"])
        elif work.get("out_refund_no"):
            one = self._desk.book.by_refund_request(PROVIDER_NAME, mchid, work.fields["out_refund_no"])
        else:
            trade = self._orders.found(work)
            if trade is None:
                return codes.TRANSACTION_UNKNOWN if work.get("transaction_id") else codes.REFUNDNOTEXIST
            return trade, list(trade.refunds.values())
        known = one is not None and one[0].opening.merchant_id == mchid and in_house(one[0], work)
        return (one[0], [one[1]]) if one is not None and known else codes.REFUNDNOTEXIST


def _impossible(trade: Trade, amount_fen: int) -> Refusal | None:
    """
    Facts: wechatpay/v2-refund.
    """
    if trade.state is TradeState.FINISHED:
        return codes.TRADE_OVERDUE
    if trade.refundable_fen == 0:
        return codes.FULLY_REFUNDED
    if amount_fen > trade.refundable_fen:
        return codes.REFUND_TOO_LARGE
    if trade.state is not TradeState.PAID:
        return codes.FULLY_REFUNDED
    return codes.REFUNDS_TOO_MANY if len(trade.refunds) >= _REFUNDS_MAX else None


def _accepted(trade: Trade, refund: Refund) -> Done:
    """
    Accepted and no more: how it ends is asked, or told.

    Facts: wechatpay/v2-refund
    """
    return Done(
        {
            "transaction_id": trade.trade_no or "",
            "out_trade_no": trade.opening.out_trade_no,
            "out_refund_no": refund.out_request_no,
            "refund_id": refund.refund_no,
            "refund_channel": "ORIGINAL",
            "refund_fee": str(refund.amount_fen),
            **amounts_of(trade),
            **_money_back(trade, refund),
        }
    )


def _money_back(trade: Trade, refund: Refund) -> dict[str, str]:
    """How much of a refund is money and how much a coupon."""
    cash_fen = settled_fen(trade, refund)
    fields = {"cash_refund_fee": str(cash_fen), "coupon_refund_fee": str(refund.amount_fen - cash_fen)}
    fields["coupon_refund_count"] = "1" if refund.amount_fen > cash_fen else "0"
    return fields | ({"settlement_refund_fee": str(cash_fen)} if refund.amount_fen > cash_fen else {})


def _told(trade: Trade, refund: Refund) -> dict[str, str]:
    """
    One refund in a list.

    Facts: wechatpay/v2-refundquery, wechatpay/v2-refund-states
    """
    word = refund_word_of(trade, refund)
    fields = {
        "out_refund_no": refund.out_request_no,
        "refund_id": refund.refund_no,
        "refund_channel": "ORIGINAL",
        "refund_fee": str(refund.amount_fen),
        **_money_back(trade, refund),
        "refund_status": STATUS[word],
        "refund_account": refund.details.get("refund_account") or _UNSETTLED,
        "refund_recv_accout": "支付用户的零钱",
    }
    if word is RefundWord.SUCCESS and refund.settled_at is not None:
        fields["refund_success_time"] = spaced(refund.settled_at)
    return fields
