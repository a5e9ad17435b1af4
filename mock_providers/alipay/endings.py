"""What faults let Alipay tell of a payment that was made: that a coupon paid a part of it, or that it is finished."""

from collections.abc import Mapping
from dataclasses import replace

import orjson

from mock_providers.alipay.states import TradeStatus
from mock_providers.core.money import fen_from_yuan, yuan_text
from mock_providers.core.plans import AnswerShape
from mock_providers.core.wire.reply import ProviderReply

# What the buyer paid, what the merchant receives, what may be invoiced: all of them without the merchant's coupon.
_LESS = ("buyer_pay_amount", "receipt_amount", "invoice_amount")


def ended(reply: ProviderReply, shape: AnswerShape) -> ProviderReply:
    """An answer about a payment, as a fault wants it told."""
    if not shape.coupon_fen and not shape.finished:
        return reply
    told = with_coupon(reply.fields, shape.coupon_fen, notify=False)
    return replace(reply, fields={**reply.fields, **told, **(finished(reply.fields) if shape.finished else {})})


def with_coupon(fields: Mapping[str, object], off_fen: int, *, notify: bool) -> dict[str, object]:
    """
    The fields that a coupon changes; `total_amount` is the order's and stays. Of what was not paid there are none.

    Args:
        notify: a notify's lists are JSON text, and their names are written in another way.

    Facts: alipay/amounts, alipay/notify-fields
    """
    total_fen = fen_from_yuan(str(fields.get("total_amount") or "0.00"))
    if not off_fen or "fund_bill_list" not in fields or total_fen < 2:
        return {}
    off_fen = min(off_fen, total_fen - 1)
    paid, off = yuan_text(total_fen - off_fen), yuan_text(off_fen)
    channel = "fundChannel" if notify else "fund_channel"
    bills = [{"amount": paid, channel: "ALIPAYACCOUNT"}]
    vouchers = [{"amount": off, "merchantContribute" if notify else "merchant_contribute": off, "name": "coupon"}]
    changed: dict[str, object] = {name: paid for name in _LESS if name in fields}
    lists = {"fund_bill_list": bills, "voucher_detail_list": vouchers}
    changed |= {name: orjson.dumps(one).decode() if notify else one for name, one in lists.items()}
    return changed | ({"mdiscount_amount": off} if "mdiscount_amount" in fields else {})


def finished(fields: Mapping[str, object]) -> dict[str, object]:
    """
    Paid, and refundable no longer.

    Facts: alipay/states
    """
    paid = fields.get("trade_status") == TradeStatus.TRADE_SUCCESS and "refund_fee" not in fields
    return {"trade_status": TradeStatus.TRADE_FINISHED} if paid else {}
