"""
Payments by a shown code over API v3, their reversal, and what the mock wallet says to the parameters of pages and apps.
"""

import base64
import hashlib
import json

import pytest

from mock_providers.errors import BookRefused
from tests.unit.mock_providers.wechatpay_v3_desk import OPENID, V3Desk

pytestmark = pytest.mark.asyncio

CODEPAY = "/v3/pay/transactions/codepay"


def pay(desk: V3Desk, ending: str = "0000", number: str = "order1", **headers: str):
    body = desk.order(number, notify_url=None, payer={"auth_code": f"13000000000000{ending}"})
    return desk.call("POST", CODEPAY, body, headers=headers)


def reverse(desk: V3Desk, number: str = "order1"):
    body = {"appid": desk.merchant.app_id, "mchid": desk.merchant.mchid}
    return desk.call("POST", f"/v3/pay/transactions/out-trade-no/{number}/reverse", body)


async def test_most_codes_pay_at_once_and_nobody_is_told(v3_desk: V3Desk):
    status, said = pay(v3_desk)

    assert (status, said["trade_state"], said["trade_type"]) == (200, "SUCCESS", "MICROPAY")
    assert v3_desk.query()[1] == said
    assert v3_desk.published.notices == []


@pytest.mark.parametrize(("ending", "word"), [("9990", "SUCCESS"), ("9991", "PAYERROR")])
async def test_a_password_is_waited_for(v3_desk: V3Desk, ending, word):
    status, said = pay(v3_desk, ending)

    assert (status, said["code"]) == (202, "USER_PAYING")
    assert v3_desk.query()[1]["trade_state"] == "USERPAYING"
    assert reverse(v3_desk)[0] == 202
    assert v3_desk.close()[0] == 202
    await v3_desk.schedule.advance(10)
    assert v3_desk.query()[1]["trade_state"] == word


@pytest.mark.parametrize(
    ("ending", "status", "code", "paid"),
    [
        ("9993", 403, "NOT_ENOUGH", False),
        ("9994", 400, "AUTH_CODE_EXPIRE", None),
        ("9995", 400, "AUTH_CODE_INVALID", None),
        ("x", 400, "AUTH_CODE_INVALID", None),
        ("9996", 500, "BANK_ERROR", True),
        ("9997", 500, "SYSTEM_ERROR", True),
        ("9998", 403, "TRADE_ERROR", False),
        ("9999", 403, "TRADE_ERROR", False),
    ],
)
async def test_what_went_wrong_is_told_and_the_book_knows_better(v3_desk: V3Desk, ending, status, code, paid):
    got, said = pay(v3_desk, ending)

    assert (got, said["code"]) == (status, code)
    trade = v3_desk.book.by_order("wechatpay", "order1", now=v3_desk.schedule.now())
    assert (None if trade is None else trade.paid_at is not None) is paid


@pytest.mark.parametrize(("case", "word"), [("USERPAYING", "USERPAYING"), ("PAYERROR", "PAYERROR")])
async def test_the_header_chooses_a_case_too(v3_desk: V3Desk, case, word):
    pay(v3_desk, **{"Wechatpay-Negative-Test": case})

    assert v3_desk.query()[1]["trade_state"] == word


async def test_a_reversed_payment_goes_back_and_stays_revoked(v3_desk: V3Desk):
    pay(v3_desk)

    first, again = reverse(v3_desk), reverse(v3_desk)

    assert first == again
    assert (first[0], sorted(first[1])) == (200, ["appid", "mchid", "out_trade_no"])
    assert v3_desk.query()[1]["trade_state"] == "REVOKED"
    assert v3_desk.trade().refunded_fen == 123
    assert pay(v3_desk)[1]["trade_state"] == "REVOKED"


async def test_an_unpaid_code_is_reversed_by_closing(v3_desk: V3Desk):
    pay(v3_desk, "9992")
    assert reverse(v3_desk)[0] == 200
    assert v3_desk.query()[1]["trade_state"] == "REVOKED"
    assert v3_desk.trade().refunded_fen == 0


async def test_only_fresh_payments_by_code_are_reversed(v3_desk: V3Desk):
    v3_desk.paid("native1")
    pay(v3_desk)
    assert reverse(v3_desk, "native1")[1]["code"] == "INVALID_REQUEST"
    assert reverse(v3_desk, "nobody")[1]["code"] == "ORDER_NOT_EXIST"
    await v3_desk.schedule.advance(7 * 86_400 + 1)
    assert reverse(v3_desk)[1]["code"] == "TRADE_ERROR"


async def test_a_code_again_is_recognised(v3_desk: V3Desk):
    assert pay(v3_desk) == pay(v3_desk)
    assert pay(v3_desk, "0001")[1]["code"] == "OUT_TRADE_NO_USED"


def page(desk: V3Desk, prepay_id: str, **changes: str) -> str:
    said = {"appId": desk.merchant.app_id, "timeStamp": "1767323045", "nonceStr": "n"}
    said |= {"package": f"prepay_id={prepay_id}", "signType": "RSA"}
    text = "".join(f"{said[name]}\n" for name in ("appId", "timeStamp", "nonceStr", "package"))
    said["paySign"] = desk.merchant.sign(text.encode())
    return json.dumps(said | changes)


def app(desk: V3Desk, prepay_id: str, **changes: str) -> str:
    said = {"appid": desk.merchant.app_id, "partnerid": desk.merchant.mchid, "prepayid": prepay_id}
    said |= {"package": "Sign=WXPay", "noncestr": "n", "timestamp": "1767323045"}
    text = "".join(f"{said[name]}\n" for name in ("appid", "timestamp", "noncestr", "prepayid"))
    said["sign"] = desk.merchant.sign(text.encode())
    return json.dumps(said | changes)


async def test_the_wallet_opens_what_the_merchant_signed(v3_desk: V3Desk):
    jsapi = v3_desk.create("jsapi1", product="jsapi", payer={"openid": OPENID})[1]["prepay_id"]
    native = v3_desk.create("app001", product="app")[1]["prepay_id"]

    assert v3_desk.provider.cashier_link(page(v3_desk, jsapi)) is v3_desk.trade("jsapi1")
    assert v3_desk.provider.cashier_link(app(v3_desk, native)) is v3_desk.trade("app001")


async def test_the_wallet_opens_the_older_signature_too(v3_desk: V3Desk):
    prepay_id = v3_desk.create(product="jsapi", payer={"openid": OPENID})[1]["prepay_id"]
    said = {"appId": v3_desk.merchant.app_id, "timeStamp": "1", "nonceStr": "n"}
    said |= {"package": f"prepay_id={prepay_id}", "signType": "MD5"}
    joined = "&".join(f"{name}={said[name]}" for name in sorted(said)) + f"&key={v3_desk.merchant.text('apiv2_key')}"
    said["paySign"] = hashlib.md5(joined.encode()).hexdigest().upper()  # noqa: S324

    assert v3_desk.provider.cashier_link(json.dumps(said)) is v3_desk.trade()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appId": "wx0123456789abcdef"}, "pay_sign_wrong"),
        ({"timeStamp": "1767323046"}, "pay_sign_wrong"),
        ({"paySign": base64.b64encode(bytes(256)).decode()}, "pay_sign_wrong"),
        ({"signType": "MD5"}, "pay_sign_wrong"),
        ({"package": "wx123"}, "package_wrong"),
        ({"package": "prepay_id=wx123"}, "prepay_id_unknown"),
        ({"paySign": ""}, "parameters_missing"),
    ],
)
async def test_the_wallet_says_what_it_does_not_like(v3_desk: V3Desk, changes, code):
    prepay_id = v3_desk.create(product="jsapi", payer={"openid": OPENID})[1]["prepay_id"]

    with pytest.raises(BookRefused) as refused:
        v3_desk.provider.cashier_link(page(v3_desk, prepay_id, **changes))
    assert refused.value.code == code


async def test_a_page_does_not_open_an_apps_order(v3_desk: V3Desk):
    prepay_id = v3_desk.create(product="app")[1]["prepay_id"]

    with pytest.raises(BookRefused, match="made for app"):
        v3_desk.provider.cashier_link(page(v3_desk, prepay_id))


@pytest.mark.parametrize("text", ["{", "{}", '{"partnerid": []}', "[1]", "nonsense"])
async def test_nonsense_opens_nothing(v3_desk: V3Desk, text):
    if text.startswith("{"):
        with pytest.raises(BookRefused):
            v3_desk.provider.cashier_link(text)
    else:
        assert v3_desk.provider.cashier_link(text) is None


async def test_an_h5_link_leads_a_browser_to_the_cashier_and_back(v3_desk: V3Desk):
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    link = v3_desk.create(product="h5", scene_info=scene)[1]["h5_url"]
    target = link.removeprefix("https://wx.tenpay.com") + "&redirect_url=https%3A%2F%2Fshop.example%2Fdone"

    call = v3_desk.read(v3_desk.merchant.request("GET", target))
    reply = call.perform()

    assert (call.page, reply.status) == (True, 302)
    assert dict(reply.headers)["Location"].startswith("/_cashier/")
    departure = v3_desk.provider.departure(v3_desk.trade())
    assert departure is not None
    assert departure.url == "https://shop.example/done"
    await v3_desk.schedule.advance(301)
    assert v3_desk.read(v3_desk.merchant.request("GET", target)).perform().status == 404
