"""
wechatpayv3's asynchronous half against API v3: the same APIs over httpx, in a class of its own.

A POST without data goes out with the body `null` and is signed over nothing, so cancelling a transfer is refused here
as it is by the vendor.

Facts: wechatpay/sdk-ways, wechatpay/sdk-traps
"""
# /// sdk
# package = "wechatpayv3"
# provider = "wechatpay"
# door = "proxy"
#
# [steps]
# native_all_the_way_round = [
#   "AsyncWeChatPay", "pay", "query", "close", "refund", "query_refund", "AsyncWeChatPay.callback",
#   "AsyncWeChatPay.decrypt_callback",
# ]
# public_key_mode = ["AsyncWeChatPay", "pay", "query", "close", "refund", "query_refund", "AsyncWeChatPay.callback"]
# pages_apps_and_codes = ["pay", "AsyncWeChatPay.sign", "codepay_reverse"]
# stuck_refund = ["refund", "abnormal_refund", "AsyncWeChatPay.decrypt"]
# bills = ["trade_bill", "fundflow_bill", "download_bill"]
# transfers = ["mch_transfer_bills", "mch_transfer_bills_query", "mch_transfer_bills_cancel"]
# batches = [
#   "transfer_batch", "transfer_query_batchid", "transfer_query_out_batch_no", "transfer_query_detail_id",
#   "transfer_query_out_detail_no",
# ]
# combined_orders = ["combine_pay", "combine_query", "combine_close"]
#
# [out_of_scope]
# "*" = "as in the synchronous half: not simulated"
# ///

import asyncio
import gzip
import hashlib
import inspect
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from tests.sdk.kit.world import World

TITLE = "打赏 & 玫瑰 +1 {x pp000001"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
BEIJING = timezone(timedelta(hours=8))


def public() -> list[str]:
    functions = (value for name, value in vars(AsyncWeChatPay).items() if inspect.isfunction(value) and name[0] != "_")
    return [one.__qualname__ for one in functions]


class Shop:
    """A merchant with this SDK."""

    def __init__(self, world: World, client: Any) -> None:
        self.world, self.client = world, client

    async def made(self, order: str, *, fen: int = 123, **more: Any) -> dict[str, Any]:
        """An order, answered 200 and believed."""
        url = self.world.notify_url("wechatpay", order)
        return ok(await self.client.pay(TITLE, order, {"total": fen, "currency": "CNY"}, notify_url=url, **more))

    def told(self, tag: str) -> dict[str, Any]:
        """The next notify, verified and decrypted by the SDK."""
        received = self.world.notify("wechatpay", tag)
        opened = self.client.callback(received.headers, received.body)
        assert opened, "the SDK does not believe this notify"
        assert json.loads(self.client.decrypt_callback(received.headers, received.body)) == opened["resource"]
        return dict(opened)


@asynccontextmanager
async def opened(world: World, *, public_key: bool = False) -> AsyncIterator[Shop]:
    more = {}
    if public_key:
        more = {"public_key": world.text("wechatpay/wechatpay_public_key.pem")}
        more["public_key_id"] = world.text("wechatpay/wechatpay_public_key_id")
    client: Any = AsyncWeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=world.text("wechatpay/mchid"),
        private_key=world.text("wechatpay/apiclient_key.pem"),
        cert_serial_no=world.text("wechatpay/apiclient_serial_no"),
        appid=world.text("wechatpay/appid"),
        apiv3_key=world.text("wechatpay/apiv3_key"),
        timeout=20,
        **more,
    )
    async with client:
        yield Shop(world, client)


def ok(answer: tuple[int, Any], status: int = 200) -> dict[str, Any]:
    code, message = answer
    assert code == status, (code, message)
    return dict(json.loads(message)) if message else {}


def native_all_the_way_round(world: World) -> None:
    asyncio.run(_all_the_way_round(world, "native1", public_key=False))


def public_key_mode(world: World) -> None:
    asyncio.run(_all_the_way_round(world, "public1", public_key=True))


async def _all_the_way_round(world: World, order: str, *, public_key: bool) -> None:
    async with opened(world, public_key=public_key) as shop:
        client = shop.client
        made = await shop.made(order)
        assert await shop.made(order) == made
        world.buyer("wechatpay", order)
        paid = ok(await client.query(out_trade_no=order))
        assert ok(await client.query(transaction_id=paid["transaction_id"])) == paid
        assert shop.told(order)["resource"] == paid
        amount = {"refund": 23, "total": 123, "currency": "CNY"}
        ok(await client.refund(f"{order}r", amount, out_trade_no=order))
        world.control("/clock/advance", {"seconds": 5})
        assert ok(await client.query_refund(f"{order}r"))["status"] == "SUCCESS"
        await shop.made(f"{order}x")
        assert ok(await client.close(f"{order}x"), 204) == {}


def pages_apps_and_codes(world: World) -> None:
    asyncio.run(_pages_apps_and_codes(world))


async def _pages_apps_and_codes(world: World) -> None:
    async with opened(world) as shop:
        client = shop.client
        scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "iOS"}}
        assert "h5_url" in await shop.made("phone01", pay_type=WeChatPayType.H5, scene_info=scene)
        assert "prepay_id" in await shop.made("app0001", pay_type=WeChatPayType.APP)
        made = await shop.made("page001", pay_type=WeChatPayType.JSAPI, payer={"openid": OPENID})
        package, appid = f"prepay_id={made['prepay_id']}", world.text("wechatpay/appid")
        page = {"appId": appid, "timeStamp": "1", "nonceStr": "n", "package": package, "signType": "RSA"}
        page["paySign"] = client.sign([appid, "1", "n", package])
        world.control("/qr", {"qr_code": json.dumps(page), "action": "pay"})
        assert ok(await client.query(out_trade_no="page001"))["trade_state"] == "SUCCESS"
        code = {"payer": {"auth_code": "130000000000000000"}, "pay_type": WeChatPayType.CODEPAY}
        assert ok(await client.pay(TITLE, "code001", {"total": 1}, **code))["trade_state"] == "SUCCESS"
        assert ok(await client.codepay_reverse("code001"))["out_trade_no"] == "code001"


def stuck_refund(world: World) -> None:
    asyncio.run(_stuck_refund(world))


async def _stuck_refund(world: World) -> None:
    async with opened(world, public_key=True) as shop:
        client = shop.client
        await shop.made("stuck01")
        world.buyer("wechatpay", "stuck01")
        amount = {"refund": 23, "total": 123, "currency": "CNY"}
        refund_id = ok(await client.refund("stuckr1", amount, out_trade_no="stuck01"))["refund_id"]
        card = {"bank_account": "6222", "real_name": "张三"}
        said = ok(await client.abnormal_refund(refund_id, "stuckr1", "USER_BANK_CARD", **card), 400)
        assert said["code"] == "INVALID_REQUEST"
        core = client._core
        posted = {"echo_message": "hello", "encrypted_echo_message": core.encrypt("张三")}
        method = next(one for one in type(core).request.__defaults__ if getattr(one, "name", "") == "GET")
        echo = ok(await core.request("/v3/security/echo", method=type(method).POST, data=posted))
        assert client.decrypt(echo["encrypted_echo_message"]) == "张三"


def bills(world: World) -> None:
    asyncio.run(_bills(world))


async def _bills(world: World) -> None:
    async with opened(world) as shop:
        await shop.made("bill001")
        world.buyer("wechatpay", "bill001")
        day = datetime.fromisoformat(world.control("/clock")["schedule_at"]).astimezone(BEIJING).date()
        world.control("/clock/advance", {"seconds": 36 * 3600})
        for asked in (await shop.client.trade_bill(f"{day}"), await shop.client.fundflow_bill(f"{day}", tar_type="")):
            said = ok(asked)
            code, data = await shop.client.download_bill(said["download_url"])
            plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            assert (code, hashlib.sha1(plain).hexdigest()) == (200, said["hash_value"])  # noqa: S324


def transfers(world: World) -> None:
    asyncio.run(_transfers(world))


async def _transfers(world: World) -> None:
    async with opened(world) as shop:
        client, url = shop.client, world.notify_url("wechatpay", "transfer")
        made = ok(await client.mch_transfer_bills("bill1", "1000", OPENID, 100, "x", user_name="张三", notify_url=url))
        refused = ok(await client.mch_transfer_bills_cancel("bill1"), 401)
        assert refused["code"] == "SIGN_ERROR"
        world.control("/clock/advance", {"seconds": 5})
        for number in ({"out_bill_no": "bill1"}, {"transfer_bill_no": made["transfer_bill_no"]}):
            assert ok(await client.mch_transfer_bills_query(**number))["state"] == "SUCCESS"
        assert shop.told("transfer")["resource"]["state"] == "SUCCESS"


def batches(world: World) -> None:
    asyncio.run(_batches(world))


async def _batches(world: World) -> None:
    async with opened(world, public_key=True) as shop:
        client = shop.client
        detail = {"out_detail_no": "d1", "transfer_amount": 100, "transfer_remark": "x", "openid": OPENID}
        made = ok(await client.transfer_batch("batch1", "name", "remark", 100, 1, [{**detail, "user_name": "张三"}]))
        world.control("/clock/advance", {"seconds": 5})
        by_id = ok(await client.transfer_query_batchid(made["batch_id"], need_query_detail=True))
        assert by_id == ok(await client.transfer_query_out_batch_no("batch1", need_query_detail=True))
        detail_id = by_id["transfer_detail_list"][0]["detail_id"]
        assert ok(await client.transfer_query_detail_id(made["batch_id"], detail_id))["detail_status"] == "SUCCESS"
        assert ok(await client.transfer_query_out_detail_no("d1", "batch1"))["detail_id"] == detail_id


def combined_orders(world: World) -> None:
    asyncio.run(_combined_orders(world))


async def _combined_orders(world: World) -> None:
    async with opened(world) as shop:
        client, mchid = shop.client, world.text("wechatpay/mchid")
        subs = [
            {"mchid": mchid, "attach": "a", "amount": {"total_amount": 100 + place, "currency": "CNY"}}
            | {"out_trade_no": f"wholesub{place}", "description": TITLE}
            for place in range(2)
        ]
        url = world.notify_url("wechatpay", "whole1")
        here = {"payer_client_ip": "127.0.0.1"}
        assert "code_url" in ok(await client.combine_pay("whole1", subs, scene_info=here, notify_url=url))
        assert len(ok(await client.combine_query("whole1"))["sub_orders"]) == 2
        named = [{"mchid": mchid, "out_trade_no": f"wholesub{place}"} for place in range(2)]
        ok(await client.combine_close("whole1", named), 204)
