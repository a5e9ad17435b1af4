"""
The simulation system's key and cases; red packets and transfers; bills; openids.
"""

import gzip
import json
from datetime import date
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from mock_providers.core.books.planted import Difference, DifferenceKind
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.wechatpay_v2_desk import MICROPAY, OPENID, ORDER, fields_of

pytestmark = pytest.mark.asyncio

PACKET = {
    "appid": None,
    "wxappid": "",
    "mch_billno": "1900000109202601020001",
    "send_name": "payproof",
    "re_openid": OPENID,
    "total_amount": "100",
    "total_num": "1",
    "wishing": "新年快乐 pp000003",
    "client_ip": "127.0.0.1",
    "act_name": "act",
    "remark": "remark",
}
TRANSFER = {
    "appid": None,
    "mch_id": None,
    "partner_trade_no": "transfer1",
    "openid": OPENID,
    "check_name": "NO_CHECK",
    "amount": "30",
    "desc": "desc",
    "spbill_create_ip": "127.0.0.1",
}


def sandbox_key(desk, path="/sandboxnew/pay/getsignkey"):
    answer = desk.unsigned(path, {"appid": None})
    assert (answer["return_code"], answer["mch_id"]) == ("SUCCESS", desk.merchant.mchid)
    return answer["sandbox_signkey"]


async def test_orders_of_the_simulation_system_are_signed_with_its_key_and_paid_at_once(v2_desk):
    key = sandbox_key(v2_desk)
    assert (len(key), key == v2_desk.merchant.key) == (32, False)
    answer = v2_desk.call("/sandboxnew/pay/unifiedorder", ORDER | {"total_fee": "101", "appid": "any"}, key=key)
    assert (answer["err_code"], answer["err_code_des"], answer["device_info"]) == ("SUCCESS", "ok", "sandbox")
    v2_desk.merchant.verified(v2_desk.rendered().body, key=key)
    assert v2_desk.call("/sandboxnew/pay/orderquery", {"out_trade_no": "order-1"}, key=key)["trade_state"] == "SUCCESS"
    assert v2_desk.query()["err_code"] == "ORDERNOTEXIST"


async def test_the_wrong_key_is_refused_in_either_house(v2_desk):
    key = sandbox_key(v2_desk)
    for path, wrong in (("/sandboxnew/pay/unifiedorder", ""), ("/pay/unifiedorder", key)):
        assert v2_desk.unsigned(path, ORDER, key=wrong)["return_msg"] == "签名错误"


@pytest.mark.parametrize(("path", "fields"), [("/pay/unifiedorder", ORDER), ("/pay/micropay", MICROPAY)])
async def test_an_amount_that_is_no_case_is_refused(v2_desk, path, fields):
    key = sandbox_key(v2_desk)
    answer = v2_desk.unsigned(f"/sandboxnew{path}", fields | {"out_trade_no": "order-1", "total_fee": "1"}, key=key)
    assert answer == {"return_code": "FAIL", "return_msg": "沙箱支付金额(1)无效，请检查需要验收的case"}  # noqa: RUF001


@pytest.mark.parametrize("refund_path", ["/sandboxnew/pay/refund", "/sandboxnew/secapi/pay/refund"])
async def test_the_case_with_a_coupon_pays_and_gives_back_less_money(v2_desk, refund_path):
    key = sandbox_key(v2_desk)
    v2_desk.call("/sandboxnew/pay/unifiedorder", ORDER | {"total_fee": "552"}, key=key)
    told = v2_desk.call("/sandboxnew/pay/orderquery", {"out_trade_no": "order-1"}, key=key)
    assert (told["total_fee"], told["cash_fee"], told["settlement_total_fee"]) == ("552", "551", "551")
    assert (told["coupon_fee"], told["coupon_type_0"]) == ("1", "NO_CASH")
    asked = {"out_trade_no": "order-1", "out_refund_no": "r", "total_fee": "552", "refund_fee": "552"}
    back = v2_desk.call(refund_path, asked, key=key)
    assert (back["refund_fee"], back["settlement_refund_fee"], back["coupon_refund_fee"]) == ("552", "551", "1")


async def test_the_newer_system_plays_micropay_by_header(v2_desk):
    key = sandbox_key(v2_desk, "/xdc/apiv2getsignkey/sign/getsignkey")
    fields = MICROPAY | {"total_fee": "3", "spbill_create_ip": None}
    base, header = "/xdc/apiv2sandbox/pay", "Wechatpay-Negative-Test"

    def pay(number, case):
        return v2_desk.read(f"{base}/micropay", fields | {"out_trade_no": number}, key=key, **{header: case}).perform()

    plain = v2_desk.call(f"{base}/micropay", fields | {"out_trade_no": "plain-1"}, key=key)
    assert (plain["total_fee"], plain["cash_fee"], plain["settlement_total_fee"]) == ("3", "0", "1")
    assert fields_of(pay("paying-1", "MICROPAY_USERPAYING").body)["err_code"] == "USERPAYING"
    timed_out = pay("late-1", "MICROPAY_TIMEOUT")
    assert (timed_out.delay_s, fields_of(timed_out.body)["result_code"]) == (1.0, "SUCCESS")
    pay("failed-1", "MICROPAY_PAYERROR")

    def state(number, case=""):
        call = v2_desk.read(f"{base}/orderquery", {"out_trade_no": number}, key=key, **{header: case})
        reply = call.perform()
        return fields_of(reply.body)["trade_state"], reply.delay_s

    assert state("late-1") == ("SUCCESS", 0.0)
    assert state("failed-1") == ("PAYERROR", 0.0)
    assert state("late-1", "MICROPAY_PAY_QUERY_TIMEOUT") == ("USERPAYING", 1.0)
    assert state("late-1", "MICROPAY_USERPAYING") == ("USERPAYING", 0.0)


async def test_any_code_can_be_asked_for_by_header_unless_it_is_switched_off(v2_desk, make_v2_desk):
    header = {"Wechatpay-Negative-Test": "SYSTEMERROR"}
    assert v2_desk.call("/pay/unifiedorder", ORDER, **header)["err_code"] == "SYSTEMERROR"
    assert v2_desk.query()["err_code"] == "ORDERNOTEXIST"
    assert make_v2_desk(negative_tests=False).call("/pay/unifiedorder", ORDER, **header)["result_code"] == "SUCCESS"


async def test_a_red_packet_is_sent_taken_and_looked_up(v2_desk):
    packet = PACKET | {"wxappid": v2_desk.merchant.app_id}
    sent = v2_desk.unsigned("/mmpaymkttransfers/sendredpack", packet)
    assert (sent["result_code"], sent["total_amount"], sent["re_openid"]) == ("SUCCESS", "100", OPENID)
    assert v2_desk.unsigned("/mmpaymkttransfers/sendredpack", packet)["send_listid"] == sent["send_listid"]
    other = v2_desk.unsigned("/mmpaymkttransfers/sendredpack", packet | {"total_amount": "101"})
    assert other["err_code"] == "FATAL_ERROR"
    asked = {"mch_billno": packet["mch_billno"], "bill_type": "MCHT"}
    assert v2_desk.unsigned("/mmpaymkttransfers/gethbinfo", asked)["status"] == "SENT"
    await v2_desk.later(5)
    reply = v2_desk.read("/mmpaymkttransfers/gethbinfo", asked).perform()
    assert fields_of(reply.body)["status"] == "RECEIVED"
    taken = ET.fromstring(reply.body).find("hblist/hbinfo")  # noqa: S314
    assert taken is not None
    assert {one.tag: one.text for one in taken} == {
        "openid": OPENID,
        "amount": "100",
        "rcv_time": "2026-01-02 11:04:08",
    }


async def test_a_packet_that_nobody_takes_goes_back_after_a_day(make_v2_desk):
    desk = make_v2_desk(transfer_confirm_s=None)
    desk.unsigned("/mmpaymkttransfers/sendredpack", PACKET | {"wxappid": desk.merchant.app_id})
    await desk.later(90_000)
    asked = {"mch_billno": PACKET["mch_billno"], "bill_type": "MCHT"}
    told = desk.unsigned("/mmpaymkttransfers/gethbinfo", asked)
    assert (told["status"], told["refund_amount"], told["refund_time"]) == ("REFUND", "100", "2026-01-03 11:04:05")


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("sendredpack", {"total_num": "2"}, "PARAM_ERROR"),
        ("sendredpack", {"total_amount": "99"}, "SECOND_OVER_LIMITED"),
        ("sendredpack", {"total_amount": "20001"}, "SECOND_OVER_LIMITED"),
        ("sendredpack", {"wishing": None}, "LACK_PARAMS"),
        ("sendredpack", {"wxappid": "nonsense"}, "APPID_NOT_EXIST"),
        ("sendgroupredpack", {}, "PARAM_ERROR"),
    ],
)
async def test_packets_that_are_not_sent(v2_desk, path, change, code):
    answer = v2_desk.unsigned(f"/mmpaymkttransfers/{path}", PACKET | {"wxappid": v2_desk.merchant.app_id} | change)
    assert answer["err_code"] == code
    assert list(v2_desk.book.payouts) == []


async def test_packets_outside_the_limits_need_a_scene_and_groups_have_several(v2_desk):
    packet = PACKET | {"wxappid": v2_desk.merchant.app_id, "total_amount": "99", "scene_id": "PRODUCT_1"}
    assert v2_desk.unsigned("/mmpaymkttransfers/sendredpack", packet)["result_code"] == "SUCCESS"
    group = packet | {"mch_billno": "group1", "total_num": "3", "amt_type": "ALL_RAND", "total_amount": "600"}
    assert v2_desk.unsigned("/mmpaymkttransfers/sendgroupredpack", group)["result_code"] == "SUCCESS"
    told = v2_desk.unsigned("/mmpaymkttransfers/gethbinfo", {"mch_billno": "group1", "bill_type": "MCHT"})
    assert (told["hb_type"], told["total_num"]) == ("GROUP", "3")


async def test_a_transfer_is_there_at_once_under_its_own_names(v2_desk):
    asked = TRANSFER | {"mch_appid": v2_desk.merchant.app_id, "mchid": v2_desk.merchant.mchid}
    sent = v2_desk.unsigned("/mmpaymkttransfers/promotion/transfers", asked)
    assert (sent["result_code"], sent["mchid"], sent["payment_time"]) == (
        "SUCCESS",
        v2_desk.merchant.mchid,
        "2026-01-02 11:04:05",
    )
    assert v2_desk.unsigned("/mmpaymkttransfers/promotion/transfers", asked)["payment_no"] == sent["payment_no"]
    told = v2_desk.unsigned("/mmpaymkttransfers/gettransferinfo", {"partner_trade_no": "transfer1"})
    assert (told["status"], told["payment_amount"], told["detail_id"]) == ("SUCCESS", "30", sent["payment_no"])
    for change, code in (
        ({"amount": "31"}, "FATAL_ERROR"),
        ({"amount": "29"}, "AMOUNT_LIMIT"),
        ({"check_name": "FORCE_CHECK"}, "PARAM_ERROR"),
    ):
        assert v2_desk.unsigned("/mmpaymkttransfers/promotion/transfers", asked | change)["err_code"] == code
    assert v2_desk.unsigned("/mmpaymkttransfers/gettransferinfo", {"partner_trade_no": "x"})["err_code"] == "NOT_FOUND"


async def test_a_bill_is_the_book_to_the_fen_and_a_failure_has_its_own_name(v2_desk):
    v2_desk.paid(body="a,b`c", attach="room,7")
    v2_desk.refund("23")
    v2_desk.order("unpaid-1")
    asked = {"bill_date": "20260102", "bill_type": "ALL"}
    early = v2_desk.unsigned("/pay/downloadbill", asked)
    assert early == {"return_code": "FAIL", "return_msg": "No Bill Exist", "error_code": "20002"}
    await v2_desk.later(86_400)
    reply = v2_desk.read("/pay/downloadbill", asked).perform()
    lines = reply.body.decode("utf-8-sig").split("\r\n")
    assert reply.body.startswith("\ufeff交易时间,公众账号ID".encode())
    assert (len(lines), lines[-1]) == (6, "")
    head, paid, refunded, _, totals = lines[:5]
    row = dict(zip(head.split(","), paid.split(","), strict=True))
    assert (row["订单金额"], row["手续费"], row["交易状态"], row["商品名称"]) == (
        "`1.23",
        "`0.01",
        "`SUCCESS",
        "`a\uff0cb'c",
    )
    back = dict(zip(head.split(","), refunded.split(","), strict=True))
    assert (back["申请退款金额"], back["退款状态"], back["交易状态"]) == ("`0.23", "`SUCCESS", "`REFUND")
    assert totals == "`2,`1.23,`0.23,`0.00,`0.01,`1.23,`0.23"
    zipped = v2_desk.read("/pay/downloadbill", asked | {"tar_type": "GZIP"}).perform()
    assert dict(zipped.headers)["Content-Type"] == "application/x-gzip"
    assert gzip.decompress(zipped.body) == reply.body


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bill_date": "20260103"}, "20002"),
        ({"bill_date": "20260230"}, "20001"),
        ({"bill_date": "20250101"}, "20002"),
        ({"bill_type": "RECHARGE_REFUND"}, "20002"),
    ],
)
async def test_days_without_a_bill(v2_desk, change, code):
    v2_desk.paid()
    await v2_desk.later(86_400)
    asked = {"bill_date": "20260102", "bill_type": "SUCCESS"} | change
    assert v2_desk.unsigned("/pay/downloadbill", asked)["error_code"] == code


async def test_before_ten_in_the_morning_yesterdays_bill_is_being_made(v2_desk):
    v2_desk.paid()
    await v2_desk.later(16 * 3600)
    assert v2_desk.unsigned("/pay/downloadbill", {"bill_date": "20260102"})["error_code"] == "20003"


@pytest.mark.parametrize(
    ("kind", "totals"),
    [
        ("missing_row", "`1,`0.00,`0.23,`0.00,`0.00,`0.00,`0.23"),
        ("extra_row", "`3,`1.28,`0.23,`0.00,`0.01,`1.28,`0.23"),
        ("amount", "`2,`1.28,`0.23,`0.00,`0.01,`1.28,`0.23"),
        ("fee", "`2,`1.23,`0.23,`0.00,`0.06,`1.23,`0.23"),
        ("refund_other_day", "`1,`1.23,`0.00,`0.00,`0.01,`1.23,`0.00"),
    ],
)
async def test_a_planted_difference_shows_in_the_bill_and_nowhere_else(v2_desk, kind, totals):
    v2_desk.paid()
    v2_desk.refund("23")
    await v2_desk.later(2 * 86_400)
    mchid, day = v2_desk.merchant.mchid, date(2026, 1, 2)
    v2_desk.book.planted.add(Difference("wechatpay", mchid, day, DifferenceKind(kind), add_fen=5))
    asked = {"bill_date": "20260102", "bill_type": "ALL"}
    bill = v2_desk.read("/pay/downloadbill", asked).perform().body.decode()
    assert bill.split("\r\n")[-2] == totals
    assert v2_desk.query()["total_fee"] == "123"
    next_day = v2_desk.read("/pay/downloadbill", asked | {"bill_date": "20260103"}).perform().body
    assert (b"No Bill Exist" in next_day) is (kind != "refund_other_day")


async def test_an_empty_bill_can_be_planted(v2_desk):
    v2_desk.paid()
    await v2_desk.later(86_400)
    mchid, day = v2_desk.merchant.mchid, date(2026, 1, 2)
    v2_desk.book.planted.add(Difference("wechatpay", mchid, day, DifferenceKind.EMPTY_BILL))
    assert v2_desk.unsigned("/pay/downloadbill", {"bill_date": "20260102"})["error_code"] == "20002"


async def test_fund_flow_wants_hmac_and_adds_up(v2_desk):
    v2_desk.paid(total_fee="10000")
    await v2_desk.later(86_400)
    asked = {"bill_date": "20260102", "account_type": "Basic"}
    assert v2_desk.call("/pay/downloadfundflow", asked)["err_code"] == "SIGNERROR"
    reply = v2_desk.read("/pay/downloadfundflow", asked | {"sign_type": "HMAC-SHA256"}).perform()
    assert reply.body.decode().split("\r\n")[-2] == "`2,`1,`100.00,`1,`0.60"


async def test_openids_are_handed_out_for_codes(v2_desk):
    merchant = v2_desk.merchant

    def ask(path, **said):
        query = "&".join(f"{name}={value}" for name, value in said.items())
        return json.loads(v2_desk.provider.read(RawRequest("GET", f"{path}?{query}", (), b"")).perform().body)

    right = {"appid": merchant.app_id, "secret": merchant.text("app_secret"), "grant_type": "authorization_code"}
    one, again, other = (ask("/sns/oauth2/access_token", **right, code=code) for code in ("a", "a", "b"))
    assert one == again
    assert (len(one["openid"]), one["openid"][0], one["openid"] == other["openid"]) == (28, "o", False)
    assert ask("/sns/jscode2session", **right, js_code="a")["openid"] == one["openid"]
    assert ask("/sns/oauth2/access_token", **right | {"secret": "x"}, code="a")["errcode"] == 40125
    assert ask("/sns/oauth2/access_token", **right | {"appid": "x"}, code="a")["errcode"] == 40013
    assert ask("/sns/oauth2/access_token", **right)["errcode"] == 41008
    page = (
        "/connect/oauth2/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fp%3Fa%3D1%0d%0aX%3A1&state=s%201&appid=x"
    )
    reply = v2_desk.provider.read(RawRequest("GET", page, (), b"")).perform()
    where = dict(reply.headers)["Location"]
    assert reply.status == 302
    assert "\n" not in where
    assert parse_qs(urlsplit(where).query)["state"] == ["s 1"]
    assert v2_desk.order(trade_type="JSAPI", openid=one["openid"])["result_code"] == "SUCCESS"
