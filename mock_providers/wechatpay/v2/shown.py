"""How a payment and its money look in the XML API: the fields that queries, payments by code and notifies share."""

from collections.abc import Mapping, Sequence

from mock_providers.core.books.book import Trade
from mock_providers.wechatpay.times import compact
from mock_providers.wechatpay.v3.orders import TRADE_TYPES, payer_of

# In a trade's details: the coupons that paid for a part of it, as in "CASH:1,NO_CASH:2".
COUPONS = "coupons"


def coupons_of(trade: Trade) -> list[tuple[str, int]]:
    """
    Kind and fen of each coupon; the merchant gets money for CASH and none for NO_CASH.

    Facts: wechatpay/v2-acceptance
    """
    said = trade.opening.details.get(COUPONS, "")
    return [(kind, int(fen)) for kind, _, fen in (one.partition(":") for one in said.split(",") if one)]


def payment_fields(trade: Trade) -> dict[str, str]:
    """
    A payment that was made.

    Facts: wechatpay/v2-orderquery, wechatpay/v2-payment-notice
    """
    assert trade.paid_at is not None
    assert trade.trade_no is not None
    opening = trade.opening
    return {
        "openid": payer_of(trade),
        "is_subscribe": "N",
        "trade_type": TRADE_TYPES[opening.product],
        "bank_type": "OTHERS",
        **amounts_of(trade),
        "transaction_id": trade.trade_no,
        "out_trade_no": opening.out_trade_no,
        "attach": opening.details.get("attach", ""),
        "time_end": compact(trade.paid_at),
    }


def amounts_of(trade: Trade) -> dict[str, str]:
    """
    What the buyer paid, in fen; coupons are told where there are any.

    Facts: wechatpay/v2-orderquery, wechatpay/v2-acceptance
    """
    total_fen, currency = trade.opening.total_fen, trade.opening.currency
    coupons = coupons_of(trade)
    off_fen = sum(fen for _, fen in coupons)
    fields = {
        "total_fee": str(total_fen),
        "fee_type": currency,
        "cash_fee": str(total_fen - off_fen),
        "cash_fee_type": currency,
    }
    return fields | coupon_fields(total_fen, coupons)


def with_coupon(fields: Mapping[str, str], off_fen: int) -> dict[str, str]:
    """
    What a fault's coupon, of which the merchant gets nothing, changes in a payment that was made; nothing in others.

    Facts: wechatpay/v2-payment-notice, wechatpay/v2-orderquery
    """
    total_fen = int(fields.get("total_fee") or 0)
    made = fields.get("trade_state", "SUCCESS") in {"SUCCESS", "REFUND"} and "cash_fee" in fields
    if not off_fen or not made or total_fen < 2 or "refund_fee" in fields or "refund_count" in fields:
        return {}
    off_fen = min(off_fen, total_fen - 1)
    return {"cash_fee": str(total_fen - off_fen), **coupon_fields(total_fen, [("NO_CASH", off_fen)])}


def coupon_fields(total_fen: int, coupons: Sequence[tuple[str, int]]) -> dict[str, str]:
    """
    How coupons are told.

    Facts: wechatpay/v2-acceptance
    """
    fields = {}
    if coupons:
        off_fen = sum(fen for _, fen in coupons)
        unpaid_fen = sum(fen for kind, fen in coupons if kind == "NO_CASH")
        fields = {
            "settlement_total_fee": str(total_fen - unpaid_fen),
            "coupon_fee": str(off_fen),
            "coupon_count": str(len(coupons)),
        }
    for place, (kind, fen) in enumerate(coupons):
        fields |= {f"coupon_type_{place}": kind, f"coupon_id_{place}": str(10_000 + place)}
        fields[f"coupon_fee_{place}"] = str(fen)
    return fields
