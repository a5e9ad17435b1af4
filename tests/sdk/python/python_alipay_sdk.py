"""
python-alipay-sdk, the community's, against the simulator: what it is told, and whether it believes it.

It checks the signature of every answer itself and raises where one is wrong.

Facts: alipay/sdk-config
"""
# /// sdk
# package = "python-alipay-sdk"
# provider = "alipay"
# # It installs the file alipay/__init__.py, as the official one does.
# folder = "python-alipay-sdk"
#
# [steps]
# precreate_pay_refund = [
#   "BaseAliPay.api_alipay_trade_precreate",
#   "BaseAliPay.api_alipay_trade_query",
#   "BaseAliPay.api_alipay_trade_refund",
#   "BaseAliPay.api_alipay_trade_fastpay_refund_query",
#   "BaseAliPay.verified_sync_response",
#   "BaseAliPay.verify",
# ]
# barcode = ["BaseAliPay.api_alipay_trade_pay"]
# create_close_cancel = [
#   "BaseAliPay.api_alipay_trade_create",
#   "BaseAliPay.api_alipay_trade_close",
#   "BaseAliPay.api_alipay_trade_cancel",
# ]
# page_forms = ["BaseAliPay.api_alipay_trade_page_pay", "BaseAliPay.api_alipay_trade_wap_pay"]
# app_order = ["BaseAliPay.api_alipay_trade_app_pay"]
# any_method = ["BaseAliPay.server_api", "BaseAliPay.client_api", "BaseAliPay.build_body", "BaseAliPay.sign_data"]
# certificate_mode = [
#   "DCAliPay",
#   "DCAliPay.build_body",
#   "DCAliPay.get_cert_sn",
#   "DCAliPay.get_root_cert_sn",
#   "DCAliPay.read_pem_cert_chain",
#   "DCAliPay.load_alipay_public_key_string",
# ]
# transfers = ["DCAliPay.api_alipay_fund_trans_uni_transfer"]
# certificate_download = ["DCAliPay.api_alipay_open_app_alipaycert_download"]
# on_behalf = [
#   "ISVAliPay",
#   "ISVAliPay.build_body",
#   "ISVAliPay.api_alipay_open_auth_token_app",
#   "ISVAliPay.api_alipay_open_auth_token_app_query",
# ]
# refusals = ["BaseAliPay.api_alipay_trade_query"]
# bills = ["BaseAliPay.server_api"]
#
# [out_of_scope]
# "BaseAliPay.api_alipay_fund_trans_toaccount_transfer" = "the forerunner of uni.transfer, no longer offered to anybody"
# "BaseAliPay.api_alipay_fund_trans_order_query" = "the forerunner of common.query, no longer offered to anybody"
# "BaseAliPay.api_alipay_trade_order_settle" = "settlement between several payees is not simulated"
# "BaseAliPay.api_alipay_ebpp_invoice_token_batchquery" = "invoices are not simulated"
# ///

import inspect
import json
from base64 import b64decode
from typing import Any

import alipay
from alipay.exceptions import AliPayException

from tests.sdk.kit import browser
from tests.sdk.kit.world import World

SUBJECT = "打赏 & 玫瑰 +1 {x pp000001"


def public() -> list[str]:
    types = (alipay.BaseAliPay, alipay.DCAliPay, alipay.ISVAliPay)
    methods = ((one, name) for one in types for name, _ in inspect.getmembers(one, inspect.isfunction))
    return [f"{one.__name__}.{name}" for one, name in methods if not name.startswith("_") and name in vars(one)]


class Shop:
    """A merchant with this SDK."""

    def __init__(self, world: World, *, sign_type: str = "RSA2", app_id: str = "") -> None:
        self.client = alipay.AliPay(
            appid=app_id or world.text("alipay/app_id"),
            app_private_key_string=world.text("alipay/app_private_key.pkcs8.pem"),
            alipay_public_key_string=world.text("alipay/alipay_public_key.pem"),
            sign_type=sign_type,
        )
        # Its constructor knows production and sandbox only; the address is an attribute.
        self.client._gateway = world.url("alipay") + "/gateway.do"

    def believes(self, notify: dict[str, str]) -> bool:
        """Whether it accepts a notify."""
        told = dict(notify)
        return bool(self.client.verify(told, told.pop("sign")))


def precreate_pay_refund(world: World) -> None:
    for sign_type in ("RSA2", "RSA"):
        _all_the_way_round(world, Shop(world, sign_type=sign_type), order=f"community{sign_type}")


def _all_the_way_round(world: World, shop: Shop, *, order: str) -> None:
    client: Any = shop.client
    notify_url = world.notify_url("alipay", order) + "?shop=1"
    # A number on purpose: this SDK's users send floats.
    made = client.api_alipay_trade_precreate(SUBJECT, order, 1.23, notify_url=notify_url)
    assert (made["code"], made["qr_code"][:25]) == ("10000", "https://qr.alipay.com/bax")
    assert client.api_alipay_trade_query(out_trade_no=order)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    world.buyer("alipay", order)
    paid = client.api_alipay_trade_query(out_trade_no=order)
    assert (paid["trade_status"], paid["total_amount"]) == ("TRADE_SUCCESS", "1.23")
    notify = world.notify("alipay", order).form
    assert (notify["trade_status"], notify["subject"]) == ("TRADE_SUCCESS", SUBJECT)
    assert shop.believes(notify)
    assert not shop.believes(notify | {"total_amount": "9.99"})

    part = {"refund_amount": "0.23", "out_trade_no": order, "out_request_no": "r1"}
    first, again = (client.api_alipay_trade_refund(**part) for _ in range(2))
    assert [(one["fund_change"], one["refund_fee"]) for one in (first, again)] == [("Y", "0.23"), ("N", "0.23")]
    known = client.api_alipay_trade_fastpay_refund_query("r1", out_trade_no=order)
    assert (known["refund_status"], known["refund_amount"]) == ("REFUND_SUCCESS", "0.23")
    notice = world.notify("alipay", order).form
    assert notice["out_biz_no"] == "r1"
    assert shop.believes(notice)


def barcode(world: World) -> None:
    client: Any = Shop(world).client

    def pay(order: str, amount: str, auth_code: str) -> Any:
        return client.api_alipay_trade_pay(order, "bar_code", auth_code, SUBJECT, total_amount=amount)

    paid = pay("communitybar1", "1.23", "28763443825664388")
    assert (paid["code"], paid["fund_bill_list"][0]["amount"]) == ("10000", "1.23")
    waiting = pay("communitybar2", "5000.00", "28763443825664389")
    assert (waiting["code"], "gmt_payment" in waiting) == ("10003", False)
    world.buyer("alipay", "communitybar2")
    assert client.api_alipay_trade_query(out_trade_no="communitybar2")["trade_status"] == "TRADE_SUCCESS"
    assert pay("communitybar3", "1.23", "28990001000000002")["sub_code"] == "ACQ.BUYER_BALANCE_NOT_ENOUGH"


def create_close_cancel(world: World) -> None:
    client: Any = Shop(world).client

    def create(order: str) -> Any:
        return client.api_alipay_trade_create(SUBJECT, order, 1.23, buyer_id="2088102146225135")

    made = create("communitycreate1")
    assert client.api_alipay_trade_close(trade_no=made["trade_no"])["out_trade_no"] == "communitycreate1"
    create("communitycreate2")
    world.buyer("alipay", "communitycreate2")
    assert client.api_alipay_trade_cancel(out_trade_no="communitycreate2")["action"] == "refund"
    assert "action" not in client.api_alipay_trade_cancel(out_trade_no="communitynever")


def page_forms(world: World) -> None:
    shop = Shop(world)
    client: Any = shop.client
    for name in ("page", "wap"):
        order = f"community{name}1"
        make = getattr(client, f"api_alipay_trade_{name}_pay")
        notify_url = world.notify_url("alipay", order)
        query = make(SUBJECT, order, "1.23", return_url=browser.BACK, notify_url=notify_url)
        back = browser.pays(world, f"{world.url('alipay')}/gateway.do?{query}")
        assert back["out_trade_no"] == order
        assert shop.believes(back)
        assert not shop.believes(back | {"total_amount": "9.99"})
        assert shop.believes(world.notify("alipay", order).form)


def app_order(world: World) -> None:
    client: Any = Shop(world).client
    query = client.api_alipay_trade_app_pay(
        SUBJECT, "communityapp1", "1.23", notify_url=world.notify_url("alipay", "communityapp1")
    )
    browser.pays(world, f"{world.url('alipay')}/gateway.do?{query}")
    assert world.notify("alipay", "communityapp1").form["trade_status"] == "TRADE_SUCCESS"


def any_method(world: World) -> None:
    client: Any = Shop(world).client
    told = client.server_api("alipay.trade.query", {"out_trade_no": "communitynever"})
    assert told["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    query = client.client_api("alipay.trade.page.pay", {"out_trade_no": "communitynever"})
    status, headers, page = browser.opened(f"{world.url('alipay')}/gateway.do?{query}")
    assert (status, headers["Content-Type"], "错误代码" in page) == (200, "text/html;charset=GBK", True)


def certificate_mode(world: World) -> None:
    client: Any = certified(world)
    notify_url = world.notify_url("alipay", "communitycert1")
    made = client.api_alipay_trade_precreate(SUBJECT, "communitycert1", "1.23", notify_url=notify_url)
    assert made["code"] == "10000"
    world.buyer("alipay", "communitycert1")
    told = world.notify("alipay", "communitycert1").form
    assert client.verify(told, told.pop("sign"))


def certified(world: World) -> Any:
    """A client in certificate mode."""
    client: Any = alipay.DCAliPay(
        appid=world.text("alipay/app_id"),
        app_private_key_string=world.text("alipay/app_private_key.pkcs8.pem"),
        app_public_key_cert_string=world.text("alipay/appCertPublicKey.crt"),
        alipay_public_key_cert_string=world.text("alipay/alipayCertPublicKey_RSA2.crt"),
        alipay_root_cert_string=world.text("alipay/alipayRootCert.crt"),
    )
    client._gateway = world.url("alipay") + "/gateway.do"
    return client


def refusals(world: World) -> None:
    stranger: Any = Shop(world, app_id="2021000000000000").client
    try:
        stranger.api_alipay_trade_query(out_trade_no="communitynever")
    except AliPayException as refused:
        told = str(refused)
    else:
        told = "nothing"
    assert "isv.invalid-app-id" in told


def transfers(world: World) -> None:
    client = certified(world)
    paid = client.api_alipay_fund_trans_uni_transfer("communitytransfer1", "ALIPAY_USER_ID", "2088102146225135", "1.23")
    assert (paid["code"], paid["status"]) == ("10000", "SUCCESS")
    known = {"out_biz_no": "communitytransfer1", "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
    assert client.server_api("alipay.fund.trans.common.query", known)["trans_amount"] == "1.23"


def certificate_download(world: World) -> None:
    # It signs the question and leaves the asking to its caller.
    query = certified(world).api_alipay_open_app_alipaycert_download(world.text("alipay/alipay_cert_sn"))
    told = json.loads(browser.fetched(f"{world.url('alipay')}/gateway.do?{query}")[2])
    content = told["alipay_open_app_alipaycert_download_response"]["alipay_cert_content"]
    assert b64decode(content).decode().strip() == world.text("alipay/alipayCertPublicKey_RSA2.crt").strip()


def on_behalf(world: World) -> None:
    code = browser.consents(world, "appToAppAuth.htm")["app_auth_code"]
    # Its property app_auth_token exchanges the code as if it were a refresh token, so it is asked for by name.
    granted = service_provider(world, app_auth_code=code).api_alipay_open_auth_token_app()
    assert granted["code"] == "10000"
    client = service_provider(world, app_auth_token=granted["app_auth_token"])
    assert client.api_alipay_trade_query(out_trade_no="communitynever")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert client.api_alipay_open_auth_token_app_query()["status"] == "valid"


def service_provider(world: World, **granted: str) -> Any:
    """A client that acts for a merchant."""
    client: Any = alipay.ISVAliPay(
        appid=world.text("alipay/app_id"),
        app_private_key_string=world.text("alipay/app_private_key.pkcs8.pem"),
        alipay_public_key_string=world.text("alipay/alipay_public_key.pem"),
        **granted,
    )
    client._gateway = world.url("alipay") + "/gateway.do"
    return client


def bills(world: World) -> None:
    client: Any = Shop(world).client
    client.api_alipay_trade_precreate("tip", "communitybill1", "1.23")
    world.buyer("alipay", "communitybill1")
    asked = {"bill_type": "trade", "bill_date": world.next_day()}
    told = client.server_api("alipay.data.dataservice.bill.downloadurl.query", asked)
    texts = browser.downloaded(told["bill_download_url"])
    assert any("communitybill1" in text for text in texts.values())
