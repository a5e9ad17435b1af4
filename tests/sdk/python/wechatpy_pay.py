"""
wechatpy, the community's, against the XML API: what it is told, and whether it believes it.

It verifies no answer by itself, so each answer's signature is checked with its own `check_signature`. Notifies it
verifies with MD5 only.

Facts: wechatpay/v2-sign-type, wechatpay/v2-sandbox, wechatpay/v2-refund-notice
"""
# /// sdk
# package = "wechatpy"
# provider = "wechatpay"
#
# [steps]
# native_all_the_way_round = [
#   "WeChatPay", "WeChatPay.post", "WeChatPay.check_signature", "WeChatPay.get_payment_data",
#   "WeChatPay.parse_payment_result", "WeChatPay.parse_refund_notify_result",
#   "WeChatOrder.create", "WeChatOrder.query", "WeChatOrder.close", "WeChatRefund.apply", "WeChatRefund.query",
# ]
# pages_and_apps = [
#   "WeChatJSAPI.get_jsapi_signature", "WeChatJSAPI.get_jsapi_params", "WeChatOrder.get_appapi_params",
#   "WeChatOAuth", "WeChatOAuth.fetch_access_token", "WeChatOAuth.authorize_url",
# ]
# payment_by_code = ["WeChatMicroPay.create", "WeChatMicroPay.query", "WeChatOrder.reverse"]
# red_packets_and_transfers = [
#   "WeChatRedpack.send", "WeChatRedpack.send_group", "WeChatRedpack.query",
#   "WeChatTransfer.transfer", "WeChatTransfer.query",
# ]
# bills = ["WeChatTools.download_bill", "WeChatTools.download_fundflow"]
# simulation_system = ["WeChatPay.sandbox_api_key", "WeChatOrder.create", "WeChatRefund.apply", "WeChatRefund.query"]
# client_certificate = ["WeChatRefund.apply"]
#
# [out_of_scope]
# "WeChatPay.get" = "sends a GET to the XML API, which no method here does"
# "WeChatTransfer.*bankcard" = "transfers to bank cards are not simulated"
# "WeChatTransfer.get_rsa_public_key" = "transfers to bank cards are not simulated"
# "WeChatCoupon.*" = "coupons are not simulated"
# "WeChatWithhold.*" = "contracts for withholding are not simulated"
# "WeChatTools.short_url" = "short links are not simulated"
# "WeChatTools.auto_code_to_openid" = "the openid behind a shown code is not simulated"
# "WeChatOAuth.*" = "users' profiles are not simulated"
# ///

import inspect
import json
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from wechatpy.exceptions import InvalidSignatureException, WeChatPayException
from wechatpy.oauth import WeChatOAuth
from wechatpy.pay import WeChatPay, api

from tests.sdk.kit.world import World

BODY = "打赏 & <玫瑰> +1 pp000001"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
HERE = "127.0.0.1"


def public() -> list[str]:
    types = (WeChatPay, WeChatOAuth, *(one for one in vars(api).values() if inspect.isclass(one)))
    return [
        f"{one.__name__}.{name}"
        for one in types
        for name, value in vars(one).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, (property, classmethod)))
    ]


class Shop(WeChatPay):  # type: ignore[misc]  # the SDK has no types
    """A merchant with this SDK; the address is a class attribute that is meant to be overridden."""


def shop(world: World, **more: Any) -> Any:
    Shop.API_BASE_URL = world.url("wechatpay") + "/"
    return Shop(world.text("wechatpay/appid"), world.text("wechatpay/apiv2_key"), world.text("wechatpay/mchid"), **more)


def _order(client: Any, world: World, number: str, **more: Any) -> Any:
    asked = {
        "trade_type": "NATIVE",
        "body": BODY,
        "total_fee": 123,
        "notify_url": world.notify_url("wechatpay", number),
        "client_ip": HERE,
        "out_trade_no": number,
        "attach": "a&b",
        **more,
    }
    answer = client.order.create(**asked)
    assert client.check_signature(answer)
    return answer


def _refused(act: Any) -> str:
    """The code of a refusal."""
    try:
        act()
    except WeChatPayException as refused:
        return str(refused.errcode)
    raise AssertionError("this should have been refused")


def native_all_the_way_round(world: World) -> None:
    client, number = shop(world), "wechatpy-1"
    assert _order(client, world, number)["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert client.order.query(out_trade_no=number)["trade_state"] == "NOTPAY"
    world.buyer("wechatpay", number)
    paid = client.order.query(out_trade_no=number)
    assert client.check_signature(paid)
    assert (paid["trade_state"], paid["total_fee"], paid["attach"]) == ("SUCCESS", "123", "a&b")
    assert client.order.query(transaction_id=paid["transaction_id"])["out_trade_no"] == number
    assert _refused(lambda: client.order.close(number)) == "ORDERPAID"
    told = world.notify("wechatpay", number).body
    assert client.get_payment_data(told)["transaction_id"] == paid["transaction_id"]
    assert client.parse_payment_result(told)["total_fee"] == 123
    assert not _believed(client, told.replace(b"<total_fee>123<", b"<total_fee>124<"))
    _refund(client, world, number)
    _order(client, world, "wechatpy-2")
    assert client.order.close("wechatpy-2")["result_code"] == "SUCCESS"
    assert client.order.query(out_trade_no="wechatpy-2")["trade_state"] == "CLOSED"
    assert _refused(lambda: client.order.close("wechatpy-2")) == "ORDERCLOSED"


def _believed(client: Any, told: bytes) -> bool:
    try:
        client.parse_payment_result(told)
    except InvalidSignatureException:
        return False
    return True


def _refund(client: Any, world: World, number: str) -> None:
    address = world.notify_url("wechatpay", f"{number}-back")
    first, again = (client.refund.apply(123, 23, "back-1", out_trade_no=number, notify_url=address) for _ in range(2))
    assert client.check_signature(first)
    assert first["refund_id"] == again["refund_id"]
    assert _refused(lambda: client.refund.apply(123, 24, "back-1", out_trade_no=number)) == "REFUND_FEE_MISMATCH"
    world.control("/clock/advance", {"seconds": 60})
    notice = client.parse_refund_notify_result(world.notify("wechatpay", f"{number}-back").body)
    assert (notice["refund_status"], notice["refund_fee"], notice["out_refund_no"]) == ("SUCCESS", 23, "back-1")
    known = client.refund.query(out_refund_no="back-1")
    assert client.check_signature(known)
    assert (known["refund_status_0"], known["refund_fee_0"], known["refund_count"]) == ("SUCCESS", "23", "1")
    assert client.refund.query(out_trade_no=number)["total_refund_count"] == "1"


def pages_and_apps(world: World) -> None:
    client = shop(world)
    WeChatOAuth.API_BASE_URL = world.url("wechatpay") + "/"
    WeChatOAuth.OAUTH_BASE_URL = world.url("wechatpay") + "/connect/"
    page = WeChatOAuth(client.appid, world.text("wechatpay/app_secret"), "http://127.0.0.1:9/page", state="s")
    back = _location(page.authorize_url)
    code = back.partition("code=")[2].partition("&")[0]
    openid = page.fetch_access_token(code)["openid"]
    prepay_id = _order(client, world, "wechatpy-page", trade_type="JSAPI", user_id=openid)["prepay_id"]
    said = client.jsapi.get_jsapi_params(prepay_id)
    assert said["paySign"] == client.jsapi.get_jsapi_signature(prepay_id, said["timeStamp"], said["nonceStr"])
    _opens(world, said, "wechatpy-page")
    prepay_id = _order(client, world, "wechatpy-app", trade_type="APP")["prepay_id"]
    _opens(world, client.order.get_appapi_params(prepay_id), "wechatpy-app")
    h5 = _order(client, world, "wechatpy-h5", trade_type="MWEB", scene_info={"h5_info": {"type": "Wap"}})
    assert "prepay_id=" in h5["mweb_url"]


def _location(url: str) -> str:
    """Where a browser is sent."""
    parts = urlsplit(url)
    browser = HTTPConnection(parts.netloc, timeout=10)
    browser.request("GET", f"{parts.path}?{parts.query}")
    return browser.getresponse().getheader("Location", "")


def _opens(world: World, said: Any, number: str) -> None:
    """The wallet takes what a page or an app hands to it."""
    opened = world.control("/qr", {"qr_code": json.dumps(said), "action": "pay"})
    assert opened["out_trade_no"] == number


def payment_by_code(world: World) -> None:
    client = shop(world)

    def pay(number: str, auth_code: str) -> Any:
        return client.micropay.create(BODY, 123, auth_code, client_ip=HERE, out_trade_no=number)

    paid = pay("wechatpy-till-1", "120061098828009406")
    assert client.check_signature(paid)
    assert (paid["trade_type"], paid["total_fee"]) == ("MICROPAY", "123")
    assert client.order.reverse(out_trade_no="wechatpy-till-1")["recall"] == "N"
    assert client.micropay.query(out_trade_no="wechatpy-till-1")["trade_state"] == "REVOKED"
    assert _refused(lambda: pay("wechatpy-till-2", "130000000000009990")) == "USERPAYING"
    assert client.micropay.query(out_trade_no="wechatpy-till-2")["trade_state"] == "USERPAYING"
    assert _refused(lambda: client.order.reverse(out_trade_no="wechatpy-till-2")) == "USERPAYING"
    world.control("/clock/advance", {"seconds": 11})
    assert client.micropay.query(out_trade_no="wechatpy-till-2")["trade_state"] == "SUCCESS"


def red_packets_and_transfers(world: World) -> None:
    client = shop(world)
    packet = (OPENID, 100, "payproof", "act", "新年快乐", "remark")
    sent = client.redpack.send(*packet, client_ip=HERE, out_trade_no="packet1")
    assert sent["total_amount"] == "100"
    assert client.redpack.query("packet1")["status"] in {"SENT", "RECEIVED"}
    group = client.redpack.send_group(OPENID, 600, *packet[2:], 3, client_ip=HERE, out_trade_no="packet2")
    assert group["total_amount"] == "600"
    moved = client.transfer.transfer(OPENID, 100, "desc", HERE, "NO_CHECK", out_trade_no="transfer1")
    assert client.transfer.query("transfer1")["detail_id"] == moved["payment_no"]
    again = client.transfer.transfer(OPENID, 100, "desc", HERE, "NO_CHECK", out_trade_no="transfer1")
    assert again["payment_no"] == moved["payment_no"]


def bills(world: World) -> None:
    client = shop(world)
    _order(client, world, "wechatpy-bill")
    world.buyer("wechatpay", "wechatpy-bill")
    beijing = timezone(timedelta(hours=8))
    today = datetime.fromisoformat(world.control("/clock")["schedule_at"]).astimezone(beijing)
    world.control("/clock/advance", {"seconds": 2 * 86_400})
    text = client.tools.download_bill(today.strftime("%Y%m%d"))
    assert text.lstrip("\ufeff").startswith("交易时间,公众账号ID,商户号")
    assert "`wechatpy-bill," in text
    flow = client.tools.download_fundflow(today.strftime("%Y%m%d"))
    assert flow.lstrip("\ufeff").startswith("记账时间,微信支付业务单号")
    assert _refused(lambda: client.tools.download_bill("20200101")) == "None"


def simulation_system(world: World) -> None:
    client, number = shop(world, sandbox=True), "wechatpy-sandbox"
    assert client.sandbox_api_key != world.text("wechatpay/apiv2_key")
    assert _order(client, world, number, total_fee=552)["device_info"] == "sandbox"
    told = client.parse_payment_result(world.notify("wechatpay", number).body)
    assert (told["total_fee"], told["settlement_total_fee"], told["coupon_fee"]) == (552, 551, 1)
    back = client.refund.apply(552, 552, "sandbox-back", out_trade_no=number)
    assert (back["refund_fee"], back["settlement_refund_fee"]) == ("552", "551")
    assert client.refund.query(out_trade_no=number)["refund_fee_0"] == "552"
    assert _refused(lambda: _order(client, world, "wechatpy-1-fen", total_fee=1)) == "None"


def client_certificate(world: World) -> None:
    """Paths of certificates are given as ever; over plain HTTP they stay unused, as with the real SDK."""
    cert, key = (str(world.path(f"wechatpay/apiclient_{name}.pem")) for name in ("cert", "key"))
    client = shop(world, mch_cert=cert, mch_key=key)
    _order(client, world, "wechatpy-cert")
    world.buyer("wechatpay", "wechatpy-cert")
    assert client.refund.apply(123, 1, "cert-back", out_trade_no="wechatpy-cert")["result_code"] == "SUCCESS"
