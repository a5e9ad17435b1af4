"""
Combined orders (合单): one payment for several orders, each of which is refunded by itself.

Every sub-order is a trade in the book. The combined order is what they have in common: the first of them bears the
buyer's link, the second a name under which the whole is found.

Facts: wechatpay/combined
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from mock_providers.core.books.book import Opening, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.core.shared import shared
from mock_providers.wechatpay.combined import (
    COMBINE_APPID,
    COMBINE_MCHID,
    COMBINE_NO,
    SIBLINGS,
    combined_name,
    siblings_of,
)
from mock_providers.wechatpay.desk import ASKED_SERIAL, LANGUAGE, PROVIDER_NAME, REFUNDABLE_S, V3, Desk
from mock_providers.wechatpay.states import word_of
from mock_providers.wechatpay.times import moment_of, rfc3339
from mock_providers.wechatpay.v3 import answers, cases
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import (
    NOTIFY_URL,
    ORDER_NO,
    Group,
    Items,
    Number,
    Rule,
    Rules,
    Text,
    at,
    bad_parameter,
)
from mock_providers.wechatpay.v3.orders import PRODUCTS, TRADE_TYPES, UNPAID_LIFE, Enter, fingerprint_of, payer_of
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

_BASE = "/v3/combine-transactions"
_SUBS_MIN, _SUBS_MAX = 2, 50
_LINK_LIFE = timedelta(hours=2)
_SUB_RULES = Rules(
    Text(("mchid",), "子单商户号", 1, 32, required=True),
    Text(("attach",), "附加数据", 1, 128, required=True),
    Group(("amount",), "订单金额", required=True),
    Number(("amount", "total_amount"), "标价金额", 1, required=True),
    Text(("amount", "currency"), "标价币种", 1, 8, required=True),
    Text(("out_trade_no",), "子单商户订单号", 6, 32, ORDER_NO, required=True),
    Text(("description",), "商品描述", 1, 127, required=True),
)
_COMMON_RULES: tuple[Rule, ...] = (
    Text(("combine_appid",), "合单商户appid", 1, 32, required=True),
    Text(("combine_mchid",), "合单商户号", 1, 32, required=True),
    Text(("combine_out_trade_no",), "合单商户订单号", 6, 32, ORDER_NO, required=True),
    Items(("sub_orders",), "子单信息", _SUB_RULES, _SUBS_MIN, _SUBS_MAX, required=True),
    Text(("time_start",), "交易起始时间", 0, 64),
    Text(("time_expire",), "交易结束时间", 0, 64),
    Text(("notify_url",), "通知地址", 1, 255, NOTIFY_URL, required=True),
    Group(("scene_info",), "场景信息"),
    Text(("scene_info", "payer_client_ip"), "用户终端IP", 1, 45, required=True),
)
_MORE_RULES: Mapping[str, tuple[Rule, ...]] = {
    "jsapi": (
        Group(("combine_payer_info",), "支付者", required=True),
        Text(("combine_payer_info", "openid"), "用户标识", 1, 128, required=True),
    ),
    "h5": (
        Group(("scene_info",), "场景信息", required=True),
        Group(("scene_info", "h5_info"), "H5场景信息", required=True),
    ),
}
_CHECKS: Mapping[str, Rules] = {product: Rules(*_COMMON_RULES, *_MORE_RULES.get(product, ())) for product in PRODUCTS}
_CLOSE_RULES = Rules(
    Text(("combine_appid",), "合单商户appid", 1, 32, required=True),
    Items(
        ("sub_orders",),
        "子单信息",
        Rules(
            Text(("mchid",), "子单商户号", 1, 32, required=True),
            Text(("out_trade_no",), "子单商户订单号", 1, 32, required=True),
        ),
        1,
        _SUBS_MAX,
        required=True,
    ),
)


class Combined:
    """The APIs about combined orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, product: str, visit: Visit) -> Answer:
        """Enter a combined order, or recognise one."""
        _CHECKS[product].check(visit.body)
        refusal = self._stranger(visit) or cases.refusal(visit.case, "create")
        if refusal is not None:
            return refusal
        subs = self._subs(visit.merchant.mchid, visit.body["combine_out_trade_no"])
        if subs:
            return self._again(product, subs, visit)
        for sub in visit.body["sub_orders"]:
            if self._desk.order(sub["mchid"], sub["out_trade_no"]) is not None:
                return answers.refused("OUT_TRADE_NO_USED", "商户订单号重复")
        return _linked(self._open(product, visit)[0])

    def _stranger(self, visit: Visit) -> Answer | None:
        body = visit.body
        if body["combine_mchid"] != visit.merchant.mchid:
            return answers.refused("PARAM_ERROR", "商户号与签名使用的商户号不一致")
        if body["combine_appid"] != visit.merchant.app_id:
            return answers.refused("APPID_MCHID_NOT_MATCH")
        if any(sub["mchid"] not in self._desk.merchants for sub in body["sub_orders"]):
            return answers.refused("MCH_NOT_EXISTS")
        numbers = [(sub["mchid"], sub["out_trade_no"]) for sub in body["sub_orders"]]
        if len(set(numbers)) < len(numbers):
            return answers.refused("PARAM_ERROR", "子单商户订单号重复")
        return None

    def _again(self, product: str, subs: list[Trade], visit: Visit) -> Answer:
        """
        Facts: wechatpay/create-again.
        """
        first = subs[0]
        if first.paid_at is not None:
            return answers.refused("ORDERPAID", "该订单已支付")
        if first.state is TradeState.CLOSED:
            return answers.refused("ORDER_CLOSED")
        if first.opening.details["fingerprint"] != fingerprint_of(product, visit.body):
            return answers.refused("OUT_TRADE_NO_USED", "商户订单号重复")
        return _linked(first)

    def _open(self, product: str, visit: Visit) -> list[Trade]:
        body, mchid = visit.body, visit.merchant.mchid
        number = body["combine_out_trade_no"]
        numbers = self._desk.numbers
        link = (
            numbers.code_url(mchid, number) if product == "native" else numbers.prepay_id(mchid, number, now=visit.now)
        )
        details = {
            LANGUAGE: V3,
            ASKED_SERIAL: visit.serial,
            COMBINE_MCHID: mchid,
            COMBINE_NO: number,
            COMBINE_APPID: body["combine_appid"],
            SIBLINGS: orjson.dumps([[sub["mchid"], sub["out_trade_no"]] for sub in body["sub_orders"]]).decode(),
            "openid": at(body, "combine_payer_info", "openid") or "",
            "device_id": at(body, "scene_info", "device_id") or "",
            "fingerprint": fingerprint_of(product, body),
        }
        if product == "h5":
            details["h5_url"] = numbers.h5_url(link)
        until = _payable_until(self._desk, body.get("time_expire"), now=visit.now)
        texts = (link, combined_name(mchid, number))
        return [
            self._desk.book.open(
                _opening(visit, sub, product=product, until=until, details=details),
                qr_code=texts[place] if place < len(texts) else "",
                qr_expires_at=visit.now + _LINK_LIFE if place == 0 else None,
                trade_no=numbers.transaction_id(sub["mchid"], sub["out_trade_no"], now=visit.now),
            )
            for place, sub in enumerate(body["sub_orders"])
        ]

    def _subs(self, mchid: str, number: str) -> list[Trade]:
        known = self._desk.book.by_qr(combined_name(mchid, number), now=self._desk.now())
        return [] if known is None else siblings_of(self._desk, known)

    def query(self, visit: Visit) -> Answer:
        """By the number of the whole."""
        refusal = cases.refusal(visit.case, "query")
        subs = self._subs(visit.merchant.mchid, visit.path["number"])
        if refusal is not None:
            return refusal
        return answers.ok(combined_object(subs)) if subs else answers.refused("ORDER_NOT_EXIST")

    def close(self, visit: Visit) -> Answer:
        """All sub-orders at once; every one of them must be named."""
        _CLOSE_RULES.check(visit.body)
        subs = self._subs(visit.merchant.mchid, visit.path["number"])
        refusal = cases.refusal(visit.case, "close")
        if refusal is not None:
            return refusal
        if not subs:
            accepted = self._desk.policy.unknown_close == "accepted"
            return answers.no_content() if accepted else answers.refused("ORDER_NOT_EXIST")
        named = {(sub["mchid"], sub["out_trade_no"]) for sub in visit.body["sub_orders"]}
        if named != {(one.opening.merchant_id, one.opening.out_trade_no) for one in subs}:
            return answers.refused("PARAM_ERROR", "子单信息与合单不一致")
        if subs[0].paid_at is not None:
            return answers.refused("ORDERPAID", "订单已支付")
        for one in subs:
            if one.state is not TradeState.CLOSED:
                self._desk.book.close(one, now=visit.now, by="merchant")
        return answers.no_content()


def _linked(first: Trade) -> Answer:
    product = first.opening.product
    if product == "h5":
        return answers.ok({"h5_url": first.opening.details["h5_url"]})
    return answers.ok({"code_url" if product == "qr" else "prepay_id": first.qr_code})


def _payable_until(desk: Desk, text: str | None, *, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        return max(desk.world.on_schedule(moment_of(text)), now + timedelta(minutes=1))
    except ValueError:
        raise bad_parameter("time_expire", text, "不是合法的RFC3339时间", location="body") from None


def _opening(
    visit: Visit, sub: Mapping[str, Any], *, product: str, until: datetime | None, details: Mapping[str, str]
) -> Opening:
    return Opening(
        provider=PROVIDER_NAME,
        out_trade_no=sub["out_trade_no"],
        merchant_id=sub["mchid"],
        app_id=shared(visit.body["combine_appid"]),
        label=visit.label,
        subject=sub["description"],
        total_fen=Fen(sub["amount"]["total_amount"]),
        created_at=visit.now,
        expires_at=visit.now + UNPAID_LIFE,
        refundable_s=REFUNDABLE_S,
        notify_url=shared(visit.body["notify_url"]),
        product=PRODUCTS[product],
        payable_until=until,
        details={**details, "attach": sub["attach"]},
    )


def combined_object(subs: list[Trade]) -> dict[str, object]:
    """A combined order as queries and notifies show it."""
    details = subs[0].opening.details
    said: dict[str, object] = {
        "combine_appid": details[COMBINE_APPID],
        "combine_mchid": details[COMBINE_MCHID],
        "combine_out_trade_no": details[COMBINE_NO],
        "sub_orders": [_sub_object(one) for one in subs],
    }
    if subs[0].paid_at is not None:
        said["combine_payer_info"] = {"openid": payer_of(subs[0])}
    if details["device_id"]:
        said["scene_info"] = {"device_id": details["device_id"]}
    return said


def _sub_object(trade: Trade) -> dict[str, object]:
    opening = trade.opening
    amount: dict[str, object] = {"total_amount": opening.total_fen, "currency": opening.currency}
    said: dict[str, object] = {
        "mchid": opening.merchant_id,
        "out_trade_no": opening.out_trade_no,
        "attach": opening.details["attach"],
        "trade_state": word_of(trade),
        "amount": amount,
    }
    if trade.paid_at is not None:
        amount |= {"payer_amount": opening.total_fen, "payer_currency": opening.currency}
        said |= {
            "trade_type": TRADE_TYPES[opening.product],
            "bank_type": "OTHERS",
            "success_time": rfc3339(trade.paid_at),
            "transaction_id": trade.trade_no,
        }
    return said


def _asked(clues: Clues) -> str:
    """Faults hang on the first sub-order, whose number the book knows."""
    subs = clues.body.get("sub_orders")
    first = subs[0] if isinstance(subs, list) and subs else None
    number = first.get("out_trade_no") if isinstance(first, dict) else None
    return number if isinstance(number, str) else ""


def _first_behind(desk: Desk, clues: Clues) -> str:
    for mchid in desk.merchants:
        known = desk.book.by_qr(combined_name(mchid, clues.path.get("number", "")), now=desk.now())
        if known is not None:
            return siblings_of(desk, known)[0].opening.out_trade_no
    return ""


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = Combined(desk)
    for product in PRODUCTS:
        create = Api(f"v3.combine.{product}", partial(mine.create, product), _asked, has_body=True)
        add("POST", f"{_BASE}/{product}", create)
    behind = partial(_first_behind, desk)
    add("GET", f"{_BASE}/out-trade-no/{{number}}", Api("v3.combine.query", mine.query, behind))
    close = Api("v3.combine.close", mine.close, behind, has_body=True)
    add("POST", f"{_BASE}/out-trade-no/{{number}}/close", close)
