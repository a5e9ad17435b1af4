"""
What a gateway's call to a provider was for, read off the name that the simulator gives the API and off the bytes.

The words are the same for every provider, so that a check need not know any of them. It verifies nothing: the
simulator did that.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from harness.control import Exchange

# The first pattern that fits counts.
_VERBS = (
    ("alipay.trade.query", "query"),
    ("*.refund.query", "refund_query"),
    ("alipay.trade.refund*", "refund"),
    ("alipay.trade.close", "close"),
    ("alipay.trade.cancel", "cancel"),
    ("alipay.trade.*", "open"),
    ("v3.pay.query", "query"),
    ("v3.pay.close", "close"),
    ("v3.pay.reverse", "cancel"),
    ("v3.pay.*", "open"),
    ("v3.refund", "refund"),
    ("v2.orderquery", "query"),
    ("v2.closeorder", "close"),
    ("v2.reverse", "cancel"),
    ("v2.refundquery", "refund_query"),
    ("v2.refund", "refund"),
    ("v2.unifiedorder", "open"),
    ("v2.micropay", "open"),
    ("queryTrans/*", "query"),
    ("backTransReq/04", "refund"),
    ("backTransReq/31", "cancel"),
    ("backTransReq/0[12]", "open"),
    ("appTransReq/*", "open"),
    ("frontTransReq/*", "open"),
    ("order/*", "open"),
)
# How a fault rule names a verb's calls, provider by provider.
GLOBS: Mapping[str, Mapping[str, str]] = {
    "alipay": {
        "open": "alipay.trade.*create*",
        "query": "alipay.trade.query",
        "refund": "alipay.trade.refund*",
        "refund_query": "alipay.trade.fastpay.refund.query",
        "close": "alipay.trade.c[la][on]*",
    },
    "wechatpay": {
        "open": "v[23].[pu]*[ni][af][ti]*",
        "query": "v[23].*query",
        "refund": "v[23].refund",
        "refund_query": "v[23].refund*query",
        "close": "v[23].*[cv]*[os]e*",
    },
    "unionpay": {
        "open": "[fo]r[od]*",
        "query": "queryTrans/00",
        "refund": "backTransReq/04",
        "refund_query": "queryTrans/00",
    },
}
_REFUND_NUMBERS = ("out_request_no", "out_refund_no")


def verb_of(api: str) -> str:
    """
    `open`, `query`, `refund`, `refund_query`, `close` or `cancel`; empty for anything else.
    """
    return next((verb for pattern, verb in _VERBS if fnmatchcase(api, pattern)), "")


def refund_number_of(exchange: Exchange) -> str:
    """
    The merchant's number of a refund in a call for it; empty where none can be read.
    """
    if exchange.provider == "unionpay":
        return exchange.order
    request = exchange.raw.get("request") or {}
    body = base64.b64decode(request.get("body_b64", ""))
    fields = _fields(body, str(request.get("target", "")))
    return next((str(fields[name]) for name in _REFUND_NUMBERS if fields.get(name)), "")


def named_in(exchange: Exchange, numbers: Iterable[str]) -> str:
    """
    Which of these order numbers stands in the bytes of a call; empty where none does.
    """
    request = exchange.raw.get("request") or {}
    body = base64.b64decode(request.get("body_b64", "")).decode("utf-8", errors="replace")
    text = unquote(f"{request.get('target', '')} {body}")
    return next((number for number in numbers if number and number in text), "")


def _fields(body: bytes, target: str) -> Mapping[str, Any]:
    text = body.decode("utf-8", errors="replace")
    if text.startswith("{"):
        return _json(text)
    if text.startswith("<"):
        return {name: _between(text, name) for name in _REFUND_NUMBERS}
    form = {**parse_qs(urlsplit(target).query), **parse_qs(text)}
    return _json(form["biz_content"][0]) if "biz_content" in form else {}


def _json(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _between(xml: str, name: str) -> str:
    inside = xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
    return inside.removeprefix("<![CDATA[").removesuffix("]]>")
