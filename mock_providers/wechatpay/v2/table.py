"""
The table of APIs: which path is which, in the real house and in the simulation system's two.

Facts: wechatpay/v2-api-list, wechatpay/v2-sandbox
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from mock_providers.core.books.book import TradeState
from mock_providers.wechatpay.desk import Desk
from mock_providers.wechatpay.refunding import Refunding
from mock_providers.wechatpay.v2 import fields, sandbox, tools
from mock_providers.wechatpay.v2.barcode import Barcode
from mock_providers.wechatpay.v2.bills import Bills
from mock_providers.wechatpay.v2.orders import Orders
from mock_providers.wechatpay.v2.payouts import Payouts
from mock_providers.wechatpay.v2.refunds import Refunds
from mock_providers.wechatpay.v2.telling import Telling
from mock_providers.wechatpay.v2.work import Api, Handler, Work

OLD_HOUSE, NEW_HOUSE = "/sandboxnew", "/xdc/apiv2sandbox"
_GET_KEY = ("/sandboxnew/pay/getsignkey", "/xdc/apiv2getsignkey/sign/getsignkey")
# Documented without the middle part, and called with it. Facts: wechatpay/v2-sandbox
_PLAYED_IN_SANDBOX = ("/pay/", "/secapi/pay/", "/payitil/")


@dataclass(frozen=True, slots=True)
class Place:
    """
    What a path leads to.

    Args:
        sandbox: its requests are signed with the simulation system's key.
    """

    api: Api
    sandbox: bool = False


def table_of(desk: Desk, *, refunding: Refunding, telling: Telling) -> Mapping[str, Place]:
    """Every path that is played."""
    apis = dict(_apis(desk, refunding=refunding, telling=telling))
    table = {path: Place(api) for path, api in apis.items()}
    for path, api in apis.items():
        if path.startswith(_PLAYED_IN_SANDBOX):
            table[OLD_HOUSE + path] = Place(_in_old_house(api, desk, telling), sandbox=True)
            table[NEW_HOUSE + path] = Place(_in_new_house(api), sandbox=True)
    for house in (OLD_HOUSE, NEW_HOUSE):
        for path in ("/pay/refund", "/pay/reverse"):
            table[house + path] = table[f"{house}/secapi{path}"]
    for path in _GET_KEY:
        rules = fields.GETSIGNKEY
        table[path] = Place(Api("v2.getsignkey", sandbox.getsignkey, rules, app_field="", order_field="", signed=False))
    return table


def _in_old_house(api: Api, desk: Desk, telling: Telling) -> Api:
    """
    Amounts choose the case, nobody asks for a certificate, and payments happen at once.

    Facts: wechatpay/v2-acceptance
    """
    handler: Handler = api.handler
    if api.name in {"v2.unifiedorder", "v2.micropay"}:
        handler = sandbox.only_cases(handler)
    if api.name == "v2.unifiedorder":
        handler = sandbox.paid_at_once(handler, partial(_pay, desk, telling))
    return replace(api, handler=handler, certificate=False)


def _pay(desk: Desk, telling: Telling, work: Work) -> None:
    """Whoever asks for the order again finds it paid."""
    trade = desk.order(work.merchant.mchid, work.fields["out_trade_no"])
    if trade is not None and trade.state is TradeState.WAITING:
        telling.paid(trade)


def _in_new_house(api: Api) -> Api:
    """
    A header chooses the case.

    Facts: wechatpay/v2-negative-test
    """
    if api.name == "v2.micropay":
        return replace(api, handler=sandbox.only_small(api.handler), rules=fields.XDC_MICROPAY, certificate=False)
    return replace(api, certificate=False)


def _apis(desk: Desk, *, refunding: Refunding, telling: Telling) -> Iterator[tuple[str, Api]]:
    orders, refunds = Orders(desk), Refunds(desk, refunding=refunding)
    barcode, bills = Barcode(desk, telling=telling), Bills(desk)
    yield "/pay/unifiedorder", Api("v2.unifiedorder", orders.create, fields.UNIFIEDORDER)
    yield "/pay/orderquery", Api("v2.orderquery", orders.query, fields.ORDERQUERY)
    yield "/pay/closeorder", Api("v2.closeorder", orders.close, fields.CLOSEORDER)
    yield "/pay/micropay", Api("v2.micropay", barcode.pay, fields.MICROPAY)
    yield "/secapi/pay/reverse", Api("v2.reverse", barcode.reverse, fields.REVERSE, certificate=True)
    yield "/secapi/pay/refund", Api("v2.refund", refunds.create, fields.REFUND, certificate=True)
    yield "/pay/refundquery", Api("v2.refundquery", refunds.query, fields.REFUNDQUERY)
    yield "/pay/downloadbill", Api("v2.downloadbill", bills.trades, fields.DOWNLOADBILL, order_field="")
    yield (
        "/pay/downloadfundflow",
        Api(
            "v2.downloadfundflow",
            bills.fund_flow,
            fields.DOWNLOADFUNDFLOW,
            order_field="",
            certificate=True,
            hmac_only=True,
        ),
    )
    yield (
        "/tools/authcodetoopenid",
        Api("v2.authcodetoopenid", tools.whose_code, fields.AUTHCODETOOPENID, order_field=""),
    )
    yield "/payitil/report", Api("v2.report", tools.report, fields.REPORT, order_field="", signed=False)
    yield from _payouts(Payouts(desk))


def _payouts(payouts: Payouts) -> Iterator[tuple[str, Api]]:
    """Facts: wechatpay/v2-sign-payouts."""
    for name, handler, rules, names in (
        ("sendredpack", payouts.send_packet, fields.SENDREDPACK, ("wxappid", "mch_billno")),
        ("sendgroupredpack", payouts.send_group, fields.SENDREDPACK, ("wxappid", "mch_billno")),
        ("gethbinfo", payouts.packet, fields.GETHBINFO, ("appid", "mch_billno")),
        ("promotion/transfers", payouts.transfer, fields.TRANSFERS, ("mch_appid", "partner_trade_no")),
        ("gettransferinfo", payouts.transfer_info, fields.GETTRANSFERINFO, ("appid", "partner_trade_no")),
    ):
        app_field, order_field = names
        yield (
            f"/mmpaymkttransfers/{name}",
            Api(
                f"v2.{name.rpartition('/')[2]}",
                handler,
                rules,
                app_field=app_field,
                mch_field="mchid" if name == "promotion/transfers" else "mch_id",
                order_field=order_field,
                certificate=True,
                signed=False,
                sign_type_counts=False,
            ),
        )
