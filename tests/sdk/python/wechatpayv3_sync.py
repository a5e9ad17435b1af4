"""
wechatpayv3, the community's, against API v3: what it is told, and whether it believes it.

It verifies every 2xx and every notify by itself and raises, or says None, where a signature is wrong. Its address is a
constant, so it comes through the proxy. In certificate mode its constructor fetches the platform's certificates.

Facts: wechatpay/sdk-ways, wechatpay/sdk-traps, wechatpay/bill-download
"""
# /// sdk
# package = "wechatpayv3"
# provider = "wechatpay"
# door = "proxy"
#
# [steps]
# native_all_the_way_round = [
#   "WeChatPay", "pay", "query", "close", "refund", "query_refund", "WeChatPay.callback", "WeChatPay.decrypt_callback",
# ]
# public_key_mode = ["WeChatPay", "pay", "query", "close", "refund", "query_refund", "WeChatPay.callback"]
# pages_apps_and_phones = ["pay", "WeChatPay.sign"]
# payment_by_code = ["pay", "codepay_reverse", "query"]
# stuck_refund = ["refund", "abnormal_refund"]
# bills = ["trade_bill", "fundflow_bill", "download_bill"]
# transfers = ["mch_transfer_bills", "mch_transfer_bills_query", "mch_transfer_bills_cancel"]
# batches = [
#   "transfer_batch", "transfer_query_batchid", "transfer_query_out_batch_no", "transfer_query_detail_id",
#   "transfer_query_out_detail_no",
# ]
# combined_orders = ["combine_pay", "combine_query", "combine_close"]
# sensitive_fields = ["WeChatPay.decrypt"]
# rotated_certificate = ["pay"]
# forged_and_probed = ["pay", "WeChatPay.callback"]
#
# [out_of_scope]
# "submch_fundflow_bill" = "service providers are not simulated"
# "*bill_receipt" = "receipts of transfers are not simulated"
# "transfer_*_receipt" = "receipts of transfers are not simulated"
# "mch_transfer_elecsign*" = "receipts of transfers are not simulated"
# "apply4subject*" = "onboarding merchants is not simulated"
# "applyment*" = "onboarding merchants is not simulated"
# "business*" = "shopping centres' points are not simulated"
# "points_notify" = "shopping centres' points are not simulated"
# "user_authorization" = "shopping centres' points are not simulated"
# "capital*" = "lists of banks are not simulated"
# "complaint*" = "complaints are not simulated"
# "fapiao*" = "invoices are not simulated"
# "goldplan*" = "advertisements are not simulated"
# "guides*" = "shop assistants are not simulated"
# "marketing*" = "coupons are not simulated"
# "industry_coupon_token" = "coupons are not simulated"
# "bank_package_file" = "coupons are not simulated"
# "image_upload" = "pictures are not simulated"
# "video_upload" = "pictures are not simulated"
# "merchantrisk*" = "risk notices are not simulated"
# "parking*" = "parking is not simulated"
# "payscore*" = "payment scores are not simulated"
# "*profitsharing*" = "profit sharing is not simulated"
# ///

import gzip
import hashlib
import inspect
import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from tests.sdk.kit.world import World

TITLE = "打赏 & 玫瑰 +1 {x pp000001"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
HERE = {"payer_client_ip": "127.0.0.1"}
BEIJING = timezone(timedelta(hours=8))


def public() -> list[str]:
    functions = (value for name, value in vars(WeChatPay).items() if inspect.isfunction(value) and name[0] != "_")
    return [one.__qualname__ for one in functions]


class Shop:
    """A merchant with this SDK."""

    def __init__(self, world: World, *, public_key: bool = False, kind: WeChatPayType = WeChatPayType.NATIVE) -> None:
        self.world = world
        more = {}
        if public_key:
            more = {"public_key": world.text("wechatpay/wechatpay_public_key.pem")}
            more["public_key_id"] = world.text("wechatpay/wechatpay_public_key_id")
        self.client: Any = WeChatPay(
            wechatpay_type=kind,
            mchid=world.text("wechatpay/mchid"),
            private_key=world.text("wechatpay/apiclient_key.pem"),
            cert_serial_no=world.text("wechatpay/apiclient_serial_no"),
            appid=world.text("wechatpay/appid"),
            apiv3_key=world.text("wechatpay/apiv3_key"),
            timeout=(10, 20),
            **more,
        )

    def made(self, order: str, *, fen: int = 123, **more: Any) -> dict[str, Any]:
        """An order, answered 200 and believed."""
        notify_url = self.world.notify_url("wechatpay", order)
        amount = {"total": fen, "currency": "CNY"}
        return ok(self.client.pay(TITLE, order, amount, notify_url=notify_url, **more))

    def told(self, tag: str) -> dict[str, Any]:
        """The next notify, verified and decrypted by the SDK."""
        received = self.world.notify("wechatpay", tag)
        opened = self.client.callback(received.headers, received.body)
        assert opened, "the SDK does not believe this notify"
        assert json.loads(self.client.decrypt_callback(received.headers, received.body)) == opened["resource"]
        return dict(opened)


def ok(answer: tuple[int, Any], status: int = 200) -> dict[str, Any]:
    code, message = answer
    assert code == status, (code, message)
    return dict(json.loads(message)) if message else {}


def native_all_the_way_round(world: World) -> None:
    _all_the_way_round(Shop(world), "native1")


def public_key_mode(world: World) -> None:
    _all_the_way_round(Shop(world, public_key=True), "public1")


def _all_the_way_round(shop: Shop, order: str) -> None:
    client, world = shop.client, shop.world
    made = shop.made(order, attach="房间 7")
    assert made["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert shop.made(order, attach="房间 7") == made
    assert (
        ok(client.pay("other", order, {"total": 1}, notify_url="http://127.0.0.1:9009/n"), 403)["code"]
        == "OUT_TRADE_NO_USED"
    )
    assert ok(client.query(out_trade_no=order))["trade_state"] == "NOTPAY"

    world.buyer("wechatpay", order)
    paid = ok(client.query(out_trade_no=order))
    assert (paid["trade_state"], paid["amount"]["payer_total"], paid["attach"]) == ("SUCCESS", 123, "房间 7")
    assert ok(client.query(transaction_id=paid["transaction_id"])) == paid
    told = shop.told(order)
    assert (told["event_type"], told["resource"]) == ("TRANSACTION.SUCCESS", paid)

    notify_url = world.notify_url("wechatpay", f"{order}refund")
    part = {"out_trade_no": order, "amount": {"refund": 23, "total": 123, "currency": "CNY"}, "notify_url": notify_url}
    first = ok(client.refund(f"{order}r1", **part))
    assert (first["status"], ok(client.refund(f"{order}r1", **part))["refund_id"]) == ("PROCESSING", first["refund_id"])
    world.control("/clock/advance", {"seconds": 5})
    assert ok(client.query_refund(f"{order}r1"))["status"] == "SUCCESS"
    assert shop.told(f"{order}refund")["resource"]["refund_status"] == "SUCCESS"
    assert ok(client.close(order), 400)["code"] == "ORDERPAID"

    shop.made(f"{order}x")
    assert ok(client.close(f"{order}x"), 204) == {}
    assert ok(client.query(out_trade_no=f"{order}x"))["trade_state"] == "CLOSED"


def pages_apps_and_phones(world: World) -> None:
    shop, client = Shop(world), Shop(world).client
    phone = {**HERE, "h5_info": {"type": "Wap"}}
    link = shop.made("phone01", pay_type=WeChatPayType.H5, scene_info=phone)["h5_url"]
    assert link.startswith("https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx")
    appid, mchid = (world.text(f"wechatpay/{name}") for name in ("appid", "mchid"))
    stamp = str(int(time.time()))  # noqa: TID251  a page signs by its own clock

    for kind, order in ((WeChatPayType.JSAPI, "page001"), (WeChatPayType.MINIPROG, "mini001")):
        package = f"prepay_id={shop.made(order, pay_type=kind, payer={'openid': OPENID})['prepay_id']}"
        sign = client.sign([appid, stamp, "n", package])
        page = {"appId": appid, "timeStamp": stamp, "nonceStr": "n", "package": package}
        _opened(world, {**page, "signType": "RSA", "paySign": sign}, order)
    prepay_id = shop.made("app0001", pay_type=WeChatPayType.APP)["prepay_id"]
    sign = client.sign([appid, stamp, "n", prepay_id])
    app = {"appid": appid, "partnerid": mchid, "prepayid": prepay_id, "package": "Sign=WXPay"}
    _opened(world, {**app, "noncestr": "n", "timestamp": stamp, "sign": sign}, "app0001")


def _opened(world: World, parameters: dict[str, str], order: str) -> None:
    """The mock wallet takes these parameters and pays."""
    world.control("/qr", {"qr_code": json.dumps(parameters), "action": "pay"})
    assert world.control(f"/trades/wechatpay/{order}")["state"] == "PAID"


def payment_by_code(world: World) -> None:
    shop = Shop(world)
    client = shop.client
    code = {"pay_type": WeChatPayType.CODEPAY, "scene_info": {"store_info": {"id": "1"}}}
    paid = ok(client.pay(TITLE, "code001", {"total": 1}, payer={"auth_code": "130000000000000000"}, **code))
    assert (paid["trade_state"], paid["trade_type"]) == ("SUCCESS", "MICROPAY")
    assert ok(client.codepay_reverse("code001"))["out_trade_no"] == "code001"
    assert ok(client.query(out_trade_no="code001"))["trade_state"] == "REVOKED"
    waiting = client.pay(TITLE, "code002", {"total": 1}, payer={"auth_code": "130000000000009990"}, **code)
    assert ok(waiting, 202)["code"] == "USER_PAYING"
    assert ok(client.query(out_trade_no="code002"))["trade_state"] == "USERPAYING"
    world.control("/clock/advance", {"seconds": 11})
    assert ok(client.query(out_trade_no="code002"))["trade_state"] == "SUCCESS"


def stuck_refund(world: World) -> None:
    shop = Shop(world)
    shop.made("stuck01")
    world.buyer("wechatpay", "stuck01")
    amount = {"refund": 23, "total": 123, "currency": "CNY"}
    refund_id = ok(shop.client.refund("stuckr1", amount, out_trade_no="stuck01"))["refund_id"]
    said = shop.client.abnormal_refund(refund_id, "stuckr1", "USER_BANK_CARD", bank_account="6222", real_name="张三")
    assert ok(said, 400)["message"] == "退款单状态不是退款异常"


def bills(world: World) -> None:
    for shop, order in ((Shop(world), "bill001"), (Shop(world, public_key=True), "bill002")):
        shop.made(order)
        world.buyer("wechatpay", order)
        day = datetime.fromisoformat(world.control("/clock")["schedule_at"]).astimezone(BEIJING).date()
        world.control("/clock/advance", {"seconds": 36 * 3600})
        for asked in (
            shop.client.trade_bill(f"{day}"),
            shop.client.trade_bill(f"{day}", tar_type=""),
            shop.client.fundflow_bill(f"{day}"),
        ):
            said = ok(asked)
            code, data = shop.client.download_bill(said["download_url"])
            plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            assert (code, hashlib.sha1(plain).hexdigest()) == (200, said["hash_value"])  # noqa: S324
            assert "`1.23" in plain.decode("utf-8-sig")


def transfers(world: World) -> None:
    shop = Shop(world)
    client = shop.client
    url = world.notify_url("wechatpay", "transfer")
    made = ok(client.mch_transfer_bills("bill1", "1000", OPENID, 100, "red packet", user_name="张三", notify_url=url))
    assert made["state"] == "WAIT_USER_CONFIRM"
    ok(client.mch_transfer_bills("bill2", "1000", OPENID, 100, "red packet", notify_url=url))
    assert ok(client.mch_transfer_bills_cancel("bill2"))["state"] == "CANCELLED"
    world.control("/clock/advance", {"seconds": 5})
    for number in ({"out_bill_no": "bill1"}, {"transfer_bill_no": made["transfer_bill_no"]}):
        assert ok(client.mch_transfer_bills_query(**number))["state"] == "SUCCESS"
    states = {shop.told("transfer")["resource"]["state"] for _ in range(2)}
    assert states == {"CANCELLED", "SUCCESS"}


def batches(world: World) -> None:
    for shop, batch in ((Shop(world), "batch1"), (Shop(world, public_key=True), "batch2")):
        client = shop.client
        details = [
            {
                "out_detail_no": "d1",
                "transfer_amount": 200_000,
                "transfer_remark": "x",
                "openid": OPENID,
                "user_name": "张三",
            }
        ]
        url = world.notify_url("wechatpay", batch)
        made = ok(client.transfer_batch(batch, "name", "remark", 200_000, 1, details, notify_url=url))
        world.control("/clock/advance", {"seconds": 5})
        by_id = ok(client.transfer_query_batchid(made["batch_id"], need_query_detail=True))
        assert by_id == ok(client.transfer_query_out_batch_no(batch, need_query_detail=True))
        detail_id = by_id["transfer_detail_list"][0]["detail_id"]
        assert ok(client.transfer_query_detail_id(made["batch_id"], detail_id))["detail_status"] == "SUCCESS"
        assert ok(client.transfer_query_out_detail_no("d1", batch))["detail_id"] == detail_id
        assert shop.told(batch)["event_type"] == "MCHTRANSFER.BATCH.FINISHED"


def combined_orders(world: World) -> None:
    shop = Shop(world)
    client, mchid = shop.client, world.text("wechatpay/mchid")
    for whole in ("whole1", "whole2"):
        subs = [
            {"mchid": mchid, "attach": "a", "amount": {"total_amount": 100 + place, "currency": "CNY"}}
            | {"out_trade_no": f"{whole}sub{place}", "description": TITLE}
            for place in range(2)
        ]
        url = world.notify_url("wechatpay", whole)
        assert "code_url" in ok(client.combine_pay(whole, subs, scene_info=HERE, notify_url=url))
    world.buyer("wechatpay", "whole1sub0")
    told = ok(client.combine_query("whole1"))
    assert [one["trade_state"] for one in told["sub_orders"]] == ["SUCCESS", "SUCCESS"]
    assert shop.told("whole1")["resource"] == told
    named = [{"mchid": mchid, "out_trade_no": f"whole2sub{place}"} for place in range(2)]
    ok(client.combine_close("whole2", named), 204)


def sensitive_fields(world: World) -> None:
    """What came encrypted for the merchant; the self-test's answer holds such a field."""
    shop = Shop(world, public_key=True)
    core: Any = shop.client._core
    url = world.notify_url("wechatpay", "echo")
    body = {"echo_message": "hello", "encrypted_echo_message": core.encrypt("张三"), "notify_url": url}
    method = next(one for one in type(core).request.__defaults__ if getattr(one, "name", "") == "GET")
    said = ok(core.request("/v3/security/echo", method=type(method).POST, data=body))
    assert (said["echo_message"], shop.client.decrypt(said["encrypted_echo_message"])) == ("hello", "张三")
    told = shop.told("echo")
    assert (told["event_type"], told["resource"]["echo_message"]) == ("SECURITY_ECHO.SUCCESS", "hello")


def rotated_certificate(world: World) -> None:
    """An unknown serial makes it fetch the list again, and believe."""
    shop = Shop(world)
    rule = {"id": "rotate", "fault": "certificate_rotation", "where": {"on": "reply", "order": "rotate1"}}
    world.control("/faults/rules", rule)
    assert "code_url" in shop.made("rotate1")
    assert len(shop.client._core._certificates) == 2


def forged_and_probed(world: World) -> None:
    shop = Shop(world)
    for fault in ("bad_signature", "wrong_key", "unsigned", "signature_probe"):
        order = f"bad{fault.replace('_', '')}"
        world.control(
            "/faults/rules", {"id": fault, "fault": fault, "where": {"on": "reply", "order": order, "first": 1}}
        )
        with pytest.raises(Exception, match=r"failed to verify the signature|does not support this algorithm"):
            shop.made(order)
        assert "code_url" in shop.made(order)
    world.control(
        "/faults/rules", {"id": "probe", "fault": "signature_probe", "where": {"on": "notify", "order": "probed1"}}
    )
    shop.made("probed1")
    world.buyer("wechatpay", "probed1")
    received = world.notify("wechatpay", "probed1")
    assert received.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert shop.client.callback(received.headers, received.body) is None
    assert shop.told("probed1")["resource"]["out_trade_no"] == "probed1"
