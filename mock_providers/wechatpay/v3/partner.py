"""
Service providers' orders (服务商): the same business under other names, for merchants below the one that signs.

The order stands in the book as the service provider's; whose money it is stands in its details.

Facts: wechatpay/partner
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from mock_providers.core.books.book import Trade
from mock_providers.wechatpay.desk import SUB_APPID, SUB_MCHID, SUB_OPENID, Desk
from mock_providers.wechatpay.v3 import answers, cases
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import Group, Rule, Rules, Text, at, parameter
from mock_providers.wechatpay.v3.orders import (
    COMMON_RULES,
    MORE_RULES,
    PRODUCTS,
    Enter,
    Orders,
    in_body,
    mchid_differs,
    named,
    order_behind,
    stranger,
)
from mock_providers.wechatpay.v3.visit import Api, Visit

_BASE = "/v3/pay/partner/transactions"
_WHO: tuple[Rule, ...] = (
    Text(("sp_appid",), "服务商应用ID", 1, 32, required=True),
    Text(("sp_mchid",), "服务商户号", 1, 32, required=True),
    Text(("sub_appid",), "子商户应用ID", 1, 32),
    Text(("sub_mchid",), "子商户号", 1, 32, required=True),
)
_PAYER: tuple[Rule, ...] = (
    Group(("payer",), "支付者", required=True),
    Text(("payer", "sp_openid"), "用户服务标识", 1, 128),
    Text(("payer", "sub_openid"), "用户子标识", 1, 128),
)
# Instead of the first two of a merchant of its own, and of its payer.
_CHECKS: Mapping[str, Rules] = {
    product: Rules(*_WHO, *COMMON_RULES[2:], *(_PAYER if product == "jsapi" else MORE_RULES.get(product, ())))
    for product in PRODUCTS
}
_CLOSE_RULES = Rules(_WHO[1], _WHO[3])


class Partner:
    """The APIs about single orders of merchants below a service provider."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._orders = Orders(desk)

    def create(self, product: str, visit: Visit) -> Answer:
        """
        Enter an order, or recognise one.

        Facts: wechatpay/partner, wechatpay/create-again
        """
        body = visit.body
        _CHECKS[product].check(body)
        if body["sp_mchid"] != visit.merchant.mchid:
            return mchid_differs(body["sp_mchid"], field="sp_mchid")
        sp_openid, sub_openid = at(body, "payer", "sp_openid") or "", at(body, "payer", "sub_openid") or ""
        if product == "jsapi" and not (sp_openid or (sub_openid and body.get("sub_appid"))):
            return answers.refused("PARAM_ERROR", "sp_openid和sub_openid必须二选一，sub_openid须与sub_appid同传")  # noqa: RUF001
        own = {"appid": body["sp_appid"], "mchid": body["sp_mchid"], "payer": {"openid": sp_openid or sub_openid}}
        direct = replace(visit, body={**body, **own})
        refusal = stranger(direct) or cases.refusal(visit.case, "create")
        if refusal is not None:
            return refusal
        below = {SUB_MCHID: body["sub_mchid"], SUB_APPID: body.get("sub_appid") or "", SUB_OPENID: sub_openid}
        return self._orders.accept(product, direct, more={name: value for name, value in below.items() if value})

    def query_by_order(self, visit: Visit) -> Answer:
        """By the merchant's number."""
        return self._told(self._desk.order(visit.merchant.mchid, visit.path["number"]), visit)

    def query_by_transaction(self, visit: Visit) -> Answer:
        """By the platform's number, which finds paid orders only."""
        return self._told(self._desk.paid_trade(visit.merchant.mchid, visit.path["number"]), visit)

    def _told(self, trade: Trade | None, visit: Visit) -> Answer:
        said = parameter(visit.parameters, "sp_mchid", "服务商户号")
        below = parameter(visit.parameters, "sub_mchid", "子商户号")
        if said != visit.merchant.mchid:
            return mchid_differs(said, field="sp_mchid")
        return self._orders.told(_below(trade, below), visit)

    def close(self, visit: Visit) -> Answer:
        """
        Facts: wechatpay/close, wechatpay/partner.
        """
        _CLOSE_RULES.check(visit.body)
        if visit.body["sp_mchid"] != visit.merchant.mchid:
            return mchid_differs(visit.body["sp_mchid"], field="sp_mchid")
        trade = self._desk.order(visit.merchant.mchid, visit.path["number"])
        return self._orders.ended(_below(trade, visit.body["sub_mchid"]), visit)


def _below(trade: Trade | None, sub_mchid: str) -> Trade | None:
    """The trade, if it is that merchant's."""
    return trade if trade is not None and trade.opening.details.get(SUB_MCHID) == sub_mchid else None


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module; faults and the journal know them by the names that a merchant's own have.

    Facts: wechatpay/api-list
    """
    mine = Partner(desk)
    for product in PRODUCTS:
        api = Api(f"v3.pay.{product}", partial(mine.create, product), in_body, has_body=True)
        add("POST", f"{_BASE}/{product}", api)
    by_transaction = Api("v3.pay.query", mine.query_by_transaction, partial(order_behind, desk))
    add("GET", f"{_BASE}/out-trade-no/{{number}}", Api("v3.pay.query", mine.query_by_order, named))
    add("GET", f"{_BASE}/id/{{number}}", by_transaction)
    add("POST", f"{_BASE}/out-trade-no/{{number}}/close", Api("v3.pay.close", mine.close, named, has_body=True))
