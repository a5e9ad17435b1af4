"""Payments of which a coupon paid a part, as a fault wants them told, in notifies and in answers."""

from collections.abc import Mapping
from typing import Any

import orjson


def with_coupon(said: Mapping[str, Any], off_fen: int) -> dict[str, Any]:
    """
    A transaction with a coupon in it: the buyer paid less than the order is over. One that was not paid stays as it is.

    Facts: wechatpay/query
    """
    amount = said.get("amount")
    if not off_fen or "trade_state" not in said or not isinstance(amount, dict) or amount.get("payer_total", 0) < 2:
        return dict(said)
    off_fen = min(off_fen, amount["payer_total"] - 1)
    coupon = {"coupon_id": "10000", "name": "coupon", "scope": "GLOBAL", "type": "NOCASH", "amount": off_fen}
    told = {**amount, "payer_total": amount["payer_total"] - off_fen}
    return {**said, "amount": told, "promotion_detail": [{**coupon, "merchant_contribute": off_fen, "currency": "CNY"}]}


def answer_with_coupon(body: bytes, off_fen: int) -> bytes:
    """The same of an answer; a file, or an empty one, as it is."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return orjson.dumps(with_coupon(said, off_fen)) if isinstance(said, dict) else body
