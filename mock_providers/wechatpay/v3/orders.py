"""
Orders: created for jsapi, app, h5 and native, asked about by either number, and closed.

Business only: signatures and headers are over when a call comes here.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from mock_providers.core.books.book import Opening, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.core.records import record
from mock_providers.core.shared import shared
from mock_providers.wechatpay.desk import (
    ASKED_SERIAL,
    LANGUAGE,
    PROVIDER_NAME,
    REFUNDABLE_S,
    SUB_APPID,
    SUB_MCHID,
    SUB_OPENID,
    V3,
    Desk,
)
from mock_providers.wechatpay.states import DESCRIPTIONS, PAYING, TradeWord, word_of
from mock_providers.wechatpay.times import moment_of, rfc3339
from mock_providers.wechatpay.v3 import answers, cases
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import (
    NOTIFY_URL,
    ORDER_NO,
    Flag,
    Group,
    Items,
    Number,
    Rule,
    Rules,
    Text,
    at,
    bad_parameter,
    parameter,
)
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

Enter = Callable[[str, str, Api], None]

# An order that nobody pays closes by itself. Facts: wechatpay/lifetimes
UNPAID_LIFE = timedelta(days=7)
_LINK_LIFE = timedelta(hours=2)
_H5_LIFE = timedelta(minutes=5)
_SHORTEST = timedelta(minutes=1)
_DETAIL_BYTES = 6144
_NO_MORE: Mapping[str, str] = {}
# What the book calls each product.
PRODUCTS: Mapping[str, str] = {"jsapi": "jsapi", "app": "app", "h5": "h5", "native": "qr"}
# What merchants read instead. Facts: wechatpay/trade-types
TRADE_TYPES: Mapping[str, str] = {"jsapi": "JSAPI", "app": "APP", "h5": "MWEB", "qr": "NATIVE", "barcode": "MICROPAY"}

_GOODS = Rules(
    Text(("merchant_goods_id",), "商户侧商品编码", 1, 32, required=True),
    Text(("wechatpay_goods_id",), "微信支付商品编码", 0, 32),
    Text(("goods_name",), "商品名称", 0, 256),
    Number(("quantity",), "商品数量", 1, required=True),
    Number(("unit_price",), "商品单价", 0, required=True),
)
# In the order of the page. Facts: wechatpay/create
COMMON_RULES: tuple[Rule, ...] = (
    Text(("appid",), "公众号ID", 1, 32, required=True),
    Text(("mchid",), "直连商户号", 1, 32, required=True),
    Text(("description",), "商品描述", 1, 127, required=True),
    Text(("out_trade_no",), "商户订单号", 6, 32, ORDER_NO, required=True),
    Text(("time_expire",), "交易结束时间", 1, 64),
    Text(("attach",), "附加数据", 0, 128),
    Text(("notify_url",), "通知地址", 1, 255, NOTIFY_URL, required=True),
    Text(("goods_tag",), "订单优惠标记", 0, 32),
    Items(("limit_pay",), "指定支付方式", high=10),
    Flag(("support_fapiao",), "电子发票入口开放标识"),
    Group(("amount",), "订单金额", required=True),
    Number(("amount", "total"), "总金额", 1, required=True),
    Text(("amount", "currency"), "货币类型", 1, 16),
    Group(("detail",), "优惠功能"),
    Number(("detail", "cost_price"), "订单原价"),
    Text(("detail", "invoice_id"), "商品小票ID", 0, 32),
    Items(("detail", "goods_detail"), "单品列表", _GOODS, 1, 6000),
    Group(("scene_info",), "场景信息"),
    Text(("scene_info", "payer_client_ip"), "用户终端IP", 1, 45, required=True),
    Text(("scene_info", "device_id"), "商户端设备号", 0, 32),
    Group(("scene_info", "store_info"), "商户门店信息"),
    Text(("scene_info", "store_info", "id"), "门店编号", 1, 32, required=True),
    Group(("settle_info",), "结算信息"),
    Flag(("settle_info", "profit_sharing"), "是否指定分账"),
)
MORE_RULES: Mapping[str, tuple[Rule, ...]] = {
    "jsapi": (
        Group(("payer",), "支付者", required=True),
        Text(("payer", "openid"), "用户标识", 1, 128, required=True),
    ),
    "h5": (
        Group(("scene_info",), "场景信息", required=True),
        Group(("scene_info", "h5_info"), "H5场景信息", required=True),
        Text(("scene_info", "h5_info", "type"), "场景类型", 1, 32, required=True),
    ),
}
_CHECKS: Mapping[str, Rules] = {product: Rules(*COMMON_RULES, *MORE_RULES.get(product, ())) for product in PRODUCTS}
_CLOSE_RULES = Rules(Text(("mchid",), "直连商户号", 1, 32, required=True))


@record
class Link:
    """What an order's buyer opens, and how long it can be opened."""

    text: str
    field: str
    life: timedelta


class Orders:
    """The APIs about single orders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(self, product: str, visit: Visit) -> Answer:
        """
        Enter an order, or recognise one.

        Facts: wechatpay/create, wechatpay/create-again
        """
        _CHECKS[product].check(visit.body)
        refusal = stranger(visit) or cases.refusal(visit.case, "create")
        return refusal or self.accept(product, visit)

    def accept(self, product: str, visit: Visit, *, more: Mapping[str, str] = _NO_MORE) -> Answer:
        """
        The same for a request in which nothing is wrong.

        Args:
            more: goes into the order's details.
        """
        known = self._desk.order(visit.merchant.mchid, visit.body["out_trade_no"])
        if known is not None:
            return self._again(product, known, visit)
        return _linked(self._open(product, visit, more))

    def _open(self, product: str, visit: Visit, more: Mapping[str, str]) -> Trade:
        opening = self._opening(product, visit, more)
        mchid, number = opening.merchant_id, opening.out_trade_no
        numbers = self._desk.numbers
        link = self._link(product, mchid, number, now=visit.now)
        return self._desk.book.open(
            opening,
            qr_code=link.text,
            qr_expires_at=visit.now + link.life,
            trade_no=numbers.transaction_id(mchid, number, now=visit.now),
        )

    def _link(self, product: str, mchid: str, number: str, *, now: datetime) -> Link:
        """
        Facts: wechatpay/links.
        """
        numbers = self._desk.numbers
        if product == "native":
            return Link(numbers.code_url(mchid, number), "code_url", _LINK_LIFE)
        prepay_id = numbers.prepay_id(mchid, number, now=now)
        return Link(prepay_id, "prepay_id", _H5_LIFE if product == "h5" else _LINK_LIFE)

    def _opening(self, product: str, visit: Visit, more: Mapping[str, str]) -> Opening:
        body = visit.body
        payable_until = self._payable_until(body.get("time_expire"), now=visit.now)
        details = {
            LANGUAGE: V3,
            ASKED_SERIAL: visit.serial,
            "attach": body.get("attach") or "",
            "device_id": at(body, "scene_info", "device_id") or "",
            "openid": at(body, "payer", "openid") or "",
            "fingerprint": fingerprint_of(product, body),
            **more,
        }
        if product == "h5":
            prepay_id = self._desk.numbers.prepay_id(visit.merchant.mchid, body["out_trade_no"], now=visit.now)
            details["h5_url"] = self._desk.numbers.h5_url(prepay_id)
        return Opening(
            provider=PROVIDER_NAME,
            out_trade_no=body["out_trade_no"],
            merchant_id=visit.merchant.mchid,
            app_id=shared(body["appid"]),
            label=visit.label,
            subject=body["description"],
            total_fen=Fen(body["amount"]["total"]),
            created_at=visit.now,
            expires_at=visit.now + UNPAID_LIFE,
            refundable_s=REFUNDABLE_S,
            notify_url=shared(body["notify_url"]),
            product=PRODUCTS[product],
            payable_until=payable_until,
            details=details,
        )

    def _payable_until(self, text: str | None, *, now: datetime) -> datetime | None:
        """
        The last moment for the buyer, which closes nothing.

        Facts: wechatpay/time-expire
        """
        if text is None:
            return None
        try:
            until = self._desk.world.on_schedule(moment_of(text))
        except ValueError:
            raise bad_parameter("time_expire", text, "不是合法的RFC3339时间", location="body") from None
        if until > now + timedelta(days=self._desk.policy.expiry_days_max):
            raise bad_parameter("time_expire", text, "超过最大有效期", location="body")
        return max(until, now + _SHORTEST)

    def _again(self, product: str, trade: Trade, visit: Visit) -> Answer:
        """
        Facts: wechatpay/create-again.
        """
        field_style = self._desk.policy.duplicate_number == "field"
        repeated = answers.refused("INVALID_REQUEST", "201 商户订单号重复") if field_style else None
        if trade.paid_at is not None:
            return answers.refused("ORDERPAID", "该订单已支付")
        if trade.state is TradeState.CLOSED:
            return repeated or answers.refused("ORDER_CLOSED")
        if trade.opening.details.get("fingerprint") != fingerprint_of(product, visit.body):
            return repeated or answers.refused("OUT_TRADE_NO_USED", "商户订单号重复")
        return _linked(self._renewed(trade, now=visit.now))

    def _renewed(self, trade: Trade, *, now: datetime) -> Trade:
        """A link that has had its time is followed by one that has not."""
        if trade.qr_expires_at is not None and now >= trade.qr_expires_at:
            life = _H5_LIFE if trade.opening.product == "h5" else _LINK_LIFE
            self._desk.book.renew_qr(trade, qr_code=trade.qr_code, qr_expires_at=now + life)
        return trade

    def query_by_order(self, visit: Visit) -> Answer:
        """
        By the merchant's number.

        Facts: wechatpay/query
        """
        refusal = _foreign_mchid(visit)
        if refusal is not None:
            return refusal
        return self.told(_own(self._desk.order(visit.merchant.mchid, visit.path["number"])), visit)

    def query_by_transaction(self, visit: Visit) -> Answer:
        """
        By the platform's number, which finds paid orders only.

        Facts: wechatpay/query
        """
        refusal = _foreign_mchid(visit)
        if refusal is not None:
            return refusal
        return self.told(_own(self._desk.paid_trade(visit.merchant.mchid, visit.path["number"])), visit)

    def told(self, trade: Trade | None, visit: Visit) -> Answer:
        """How a trade stands, if it is one."""
        refusal = cases.refusal(visit.case, "query")
        if refusal is not None:
            return refusal
        return answers.refused("ORDER_NOT_EXIST") if trade is None else answers.ok(self.object_of(trade))

    def object_of(self, trade: Trade) -> dict[str, object]:
        """
        A trade as queries and notifies show it.

        Facts: wechatpay/query
        """
        closed_is_success = self._desk.policy.refund_closed_is_success
        return transaction_object(trade, word_of(trade, refund_closed_is_success=closed_is_success))

    def close(self, visit: Visit) -> Answer:
        """
        Facts: wechatpay/close.
        """
        _CLOSE_RULES.check(visit.body)
        if visit.body["mchid"] != visit.merchant.mchid:
            return mchid_differs(visit.body["mchid"])
        return self.ended(_own(self._desk.order(visit.merchant.mchid, visit.path["number"])), visit)

    def ended(self, trade: Trade | None, visit: Visit) -> Answer:
        """Close a trade, if it is one and can be closed."""
        refusal = cases.refusal(visit.case, "close") or self._not_closable(trade)
        if refusal is not None:
            return refusal
        if trade is not None and trade.state is not TradeState.CLOSED:
            self._desk.book.close(trade, now=visit.now, by="merchant")
        return answers.no_content()

    def _not_closable(self, trade: Trade | None) -> Answer | None:
        if trade is None:
            accepted = self._desk.policy.unknown_close == "accepted"
            return None if accepted else answers.refused("ORDER_NOT_EXIST")
        if trade.paid_at is not None:
            return answers.refused("ORDERPAID", "订单已支付")
        if trade.notes.get(PAYING) == TradeWord.USERPAYING:
            return answers.refused("USER_PAYING")
        return None


def _linked(trade: Trade) -> Answer:
    """
    Facts: wechatpay/create.
    """
    product = trade.opening.product
    if product == "h5":
        return answers.ok({"h5_url": trade.opening.details["h5_url"]})
    return answers.ok({"code_url" if product == "qr" else "prepay_id": trade.qr_code})


def fingerprint_of(product: str, body: Mapping[str, Any]) -> str:
    """What must be the same when a number comes again: every parameter."""
    text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return product + hashlib.blake2b(text, digest_size=16).hexdigest()


def transaction_object(trade: Trade, word: TradeWord) -> dict[str, object]:
    """
    Facts: wechatpay/query.
    """
    opening = trade.opening
    amount: dict[str, object] = {"total": opening.total_fen, "currency": opening.currency}
    said: dict[str, object] = {
        **_whose(trade),
        "out_trade_no": opening.out_trade_no,
        "trade_state": word,
        "trade_state_desc": DESCRIPTIONS[word],
        "attach": opening.details.get("attach", ""),
        "amount": amount,
    }
    if trade.paid_at is not None:
        amount |= {"payer_total": opening.total_fen, "payer_currency": opening.currency}
        said |= {
            "transaction_id": trade.trade_no,
            "trade_type": TRADE_TYPES[opening.product],
            "bank_type": "OTHERS",
            "success_time": rfc3339(trade.paid_at),
            "payer": _payer(trade),
        }
    if opening.details.get("device_id"):
        said["scene_info"] = {"device_id": opening.details["device_id"]}
    return said


def merchants_of(trade: Trade) -> dict[str, str]:
    """
    Whose trade it is; a service provider's is told under two numbers.

    Facts: wechatpay/partner
    """
    below = trade.opening.details.get(SUB_MCHID)
    if below is None:
        return {"mchid": trade.opening.merchant_id}
    return {"sp_mchid": trade.opening.merchant_id, SUB_MCHID: below}


def _whose(trade: Trade) -> dict[str, str]:
    opening = trade.opening
    if SUB_MCHID not in opening.details:
        return {"appid": opening.app_id, **merchants_of(trade)}
    apps = {"sp_appid": opening.app_id, SUB_APPID: opening.details.get(SUB_APPID, "")}
    return {**{name: value for name, value in apps.items() if value}, **merchants_of(trade)}


def _payer(trade: Trade) -> dict[str, str]:
    details = trade.opening.details
    if SUB_MCHID not in details:
        return {"openid": payer_of(trade)}
    below = details.get(SUB_OPENID)
    return {"sp_openid": payer_of(trade)} | ({SUB_OPENID: below} if below else {})


def _own(trade: Trade | None) -> Trade | None:
    """A merchant's own trade; those of the merchants below it have paths of their own."""
    return None if trade is None or SUB_MCHID in trade.opening.details else trade


def payer_of(trade: Trade) -> str:
    """The buyer's openid: the one that the merchant named, else one of 28 characters that belongs to this order."""
    named = trade.opening.details.get("openid")
    if named:
        return named
    text = f"{trade.opening.merchant_id}|{trade.opening.out_trade_no}".encode("utf-8", "surrogatepass")
    return "oPP" + hashlib.blake2b(text, digest_size=13).hexdigest()[:25]


def mchid_differs(said: str, *, field: str = "mchid") -> Answer:
    """
    The body names another merchant than the Authorization.

    Facts: wechatpay/sign-errors
    """
    detail = {"field": f"/{field}", "value": said[:32], "issue": "与请求头中的商户号不一致", "location": "body"}
    return answers.refused("PARAM_ERROR", "商户号与签名使用的商户号不一致", detail=detail)


def stranger(visit: Visit) -> Answer | None:
    """Whose number and whose app; then what only a whole look can tell."""
    body, merchant = visit.body, visit.merchant
    if body["mchid"] != merchant.mchid:
        return mchid_differs(body["mchid"])
    if body["appid"] != merchant.app_id:
        return answers.refused("APPID_MCHID_NOT_MATCH")
    currency = at(body, "amount", "currency")
    if currency not in {None, "CNY"}:
        detail = {"field": "/amount/currency", "value": currency, "issue": "只支持CNY", "location": "body"}
        return answers.refused("PARAM_ERROR", "不支持的货币类型", detail=detail)
    if body.get("detail") and len(orjson.dumps(body["detail"])) > _DETAIL_BYTES:
        raise bad_parameter("detail", "", "超过6144字节", location="body")
    return None


def _foreign_mchid(visit: Visit) -> Answer | None:
    """
    Facts: wechatpay/query.
    """
    said = parameter(visit.parameters, "mchid", "商户号")
    return None if said == visit.merchant.mchid else mchid_differs(said)


def named(clues: Clues) -> str:
    """The number in the path."""
    return clues.path.get("number", "")


def in_body(clues: Clues) -> str:
    """The order's number in the body."""
    return clues.text("out_trade_no")


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    mine = Orders(desk)
    for product in PRODUCTS:
        api = Api(f"v3.pay.{product}", partial(mine.create, product), in_body, has_body=True)
        add("POST", f"/v3/pay/transactions/{product}", api)
    by_transaction = Api("v3.pay.query", mine.query_by_transaction, partial(order_behind, desk))
    add("GET", "/v3/pay/transactions/out-trade-no/{number}", Api("v3.pay.query", mine.query_by_order, named))
    add("GET", "/v3/pay/transactions/id/{number}", by_transaction)
    close = Api("v3.pay.close", mine.close, named, has_body=True)
    add("POST", "/v3/pay/transactions/out-trade-no/{number}/close", close)


def order_behind(desk: Desk, clues: Clues) -> str:
    """The order's number behind the platform's number in the path."""
    trade = desk.book.by_trade_no(PROVIDER_NAME, named(clues), now=desk.now())
    return "" if trade is None else trade.opening.out_trade_no
