"""
Alipay's codes: every code and its text is data, in `codes.toml`; here an answer is made of one.

HTTP is always 200 on gateway v2; what went wrong stands in the body. Which code is right is for the methods to say.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from pathlib import Path
from types import MappingProxyType

from mock_providers.core.wire.reply import ProviderReply

_ZERO = "0.00"
_NOTHING: Mapping[str, object] = MappingProxyType({})
BUSINESS_FAILED = "40004"
WAITING_FOR_BUYER = "10003"


@dataclass(frozen=True, slots=True)
class CodeTable:
    """
    What stands in `codes.toml`.

    Args:
        msgs: the text of each code.
        gateway: code and text by sub code, for what the gateway itself answers.
        business: text by sub code, for what the methods answer.
        calls: the business codes that each call's enum has, by the call's short name.
    """

    msgs: Mapping[str, str]
    gateway: Mapping[str, tuple[str, str]]
    business: Mapping[str, str]
    calls: Mapping[str, tuple[str, ...]]


@cache
def table() -> CodeTable:
    """Read once, when the first refusal is made."""
    with Path(__file__).with_name("codes.toml").open("rb") as file:
        read = tomllib.load(file)
    gateway = {sub: (code, text) for code, texts in read["gateway"].items() for sub, text in texts.items()}
    business: dict[str, str] = {}
    calls: dict[str, list[str]] = {}
    for row in read["business"]:
        texts = {sub: text for sub, text in row.items() if sub != "calls"}
        business |= texts
        for call in row["calls"]:
            calls.setdefault(call, []).extend(texts)
    return CodeTable(read["msg"], gateway, business, {call: tuple(subs) for call, subs in calls.items()})


def success(fields: Mapping[str, object]) -> ProviderReply:
    """
    The call was handled; whether money moved stands in the fields.

    Facts: alipay/gateway-codes
    """
    return ProviderReply("10000", "Success", fields=fields)


def waiting_for_buyer(fields: Mapping[str, object]) -> ProviderReply:
    """
    The buyer has to type a password; the space in front of the text is the platform's.

    Facts: alipay/gateway-codes, alipay/pay
    """
    return ProviderReply(WAITING_FOR_BUYER, table().msgs[WAITING_FOR_BUYER], fields=fields)


def gateway(sub_code: str, *, about: str = "", signed: bool = True) -> ProviderReply:
    """
    A refusal of the gateway itself.

    Args:
        about: what it is about, told behind the code's text.
        signed: False for callers whose key is not known.

    Facts: alipay/gateway-codes, alipay/unsigned-errors
    """
    code, text = table().gateway[sub_code]
    told = f"{text}: {about}" if about else text
    return ProviderReply(code, table().msgs[code], sub_code, told, signed=signed)


def business(sub_code: str, fields: Mapping[str, object] = _NOTHING, *, about: str = "") -> ProviderReply:
    """
    A refusal of a method, with what it carries all the same.

    Facts: alipay/business-codes, alipay/transfer-codes, alipay/bills
    """
    text = table().business[sub_code] or sub_code.rpartition(".")[2]
    told = f"{text}: {about}" if about else text
    return ProviderReply(BUSINESS_FAILED, table().msgs[BUSINESS_FAILED], sub_code, told, fields=fields)


def any_refusal(sub_code: str, fields: Mapping[str, object], *, call: str) -> ProviderReply | None:
    """
    The refusal of this name, whoever makes it; None for a name that is no code of Alipay's.

    Args:
        sub_code: may lack its prefix.
        call: whose enum is looked into first.
    """
    if sub_code in table().gateway:
        return gateway(sub_code)
    names = (sub_code, f"ACQ.{sub_code}")
    own = (name for name in names if name in table().calls.get(call, ()))
    others = (name for name in names if name in table().business)
    name = next(own, None) or next(others, None)
    return None if name is None else business(name, fields)


def unsigned(reply: ProviderReply) -> ProviderReply:
    """
    The same answer without a signature, for callers whose key is unknown.

    Facts: alipay/unsigned-errors
    """
    return replace(reply, signed=False)


def invalid_signature(gateway_text: str) -> ProviderReply:
    """
    A signature that does not verify; quotes the string that the gateway built, HTML-escaped.

    Facts: alipay/check-order
    """
    reply = gateway("isv.invalid-signature")
    return replace(reply, sub_msg=reply.sub_msg + escape(gateway_text, quote=False))


def unpaid_fields(out_trade_no: str | None) -> dict[str, object]:
    """
    The zeros that failed payments and queries carry.

    Facts: alipay/amounts
    """
    zeros: dict[str, object] = {
        "buyer_pay_amount": _ZERO,
        "invoice_amount": _ZERO,
        "point_amount": _ZERO,
        "receipt_amount": _ZERO,
    }
    return zeros | ({"out_trade_no": out_trade_no} if out_trade_no else {})


def unrefunded_fields(out_trade_no: str | None) -> dict[str, object]:
    """
    The zeros that failed refunds carry.

    Facts: alipay/amounts
    """
    zeros: dict[str, object] = {"refund_fee": _ZERO, "send_back_fee": _ZERO}
    return zeros | ({"out_trade_no": out_trade_no} if out_trade_no else {})


def uncancelled_fields(out_trade_no: str | None) -> dict[str, object]:
    """
    What failed cancels carry: whether trying again makes sense is for each refusal to correct.

    Facts: alipay/amounts, alipay/cancel
    """
    flag: dict[str, object] = {"retry_flag": "N"}
    return flag | ({"out_trade_no": out_trade_no} if out_trade_no else {})
