"""
What the rows of the chaos tables have in common: a buyer with a barcode, and the journal's bytes as they went.
"""

import json
from typing import Any

from tests.loopback.sandbox import Sandbox, answer_body, fields

DAY_S = 86_400
LADDER_S = 90_000
PAY, QUERY = "alipay.trade.pay", "alipay.trade.query"
CLOSE, CANCEL = "alipay.trade.close", "alipay.trade.cancel"
REFUND, REFUND_QUERY = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"
PRECREATE = "alipay.trade.precreate"


def barcode(order: str = "o1", *, label: str = "pp000001", total: str = "1.23", code: str = "281") -> dict[str, str]:
    """
    The business content of a payment by barcode; *code* is how the barcode begins.
    """
    return {
        "out_trade_no": order,
        "scene": "bar_code",
        "auth_code": code + order.encode().hex().translate(str.maketrans("abcdef", "123456")).zfill(16)[-16:],
        "total_amount": total,
        "subject": f"tip {label}",
    }


async def pay(box: Sandbox, order: str = "o1", **how: str) -> dict[str, Any]:
    """
    A payment by barcode, with a notify address.
    """
    return await box.call(PAY, barcode(order, **how), notify_url=box.receiver.url)


async def query(box: Sandbox, order: str = "o1") -> dict[str, Any]:
    return await box.call(QUERY, {"out_trade_no": order})


def inner(entry: dict[str, Any]) -> dict[str, Any]:
    """
    The object inside an answer, out of the bytes that the journal holds.
    """
    return dict(next(iter(json.loads(answer_body(entry)).values())))


async def answers(box: Sandbox, api: str) -> list[dict[str, Any]]:
    """
    The objects that calls of *api* were answered with, as they stand in the journal.
    """
    return [inner(entry) for entry in await box.journal("in") if entry["api"] == api and entry["response"]]


async def told(box: Sandbox) -> list[dict[str, str]]:
    """
    What each delivery said, in the order of their ends.
    """
    return [fields(entry) for entry in await box.journal("out")]
