"""
Orders by XML: what is answered, in which order things are checked, and what a number used again is told.
"""

import json

import pytest

from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.wechatpay_v2_desk import NOTIFY_URL, OPENID, ORDER, digest, fields_of, post, xml_of

pytestmark = pytest.mark.asyncio

PATH = "/pay/unifiedorder"


@pytest.mark.parametrize("sign_type", [None, "MD5", "HMAC-SHA256"])
@pytest.mark.parametrize(
    ("trade_type", "link"), [("NATIVE", "code_url"), ("JSAPI", ""), ("APP", ""), ("MWEB", "mweb_url")]
)
async def test_each_product_is_ordered_and_answered_in_the_requests_own_kind(v2_desk, trade_type, link, sign_type):
    answer = v2_desk.order(trade_type=trade_type, openid=OPENID if trade_type == "JSAPI" else None, sign_type=sign_type)
    assert (answer["return_code"], answer["return_msg"], answer["result_code"]) == ("SUCCESS", "OK", "SUCCESS")
    assert (answer["appid"], answer["mch_id"]) == (v2_desk.merchant.app_id, v2_desk.merchant.mchid)
    assert answer["trade_type"] == trade_type
    assert (len(answer["prepay_id"]), answer["prepay_id"][:2]) == (36, "wx")
    assert len(answer["sign"]) == (64 if sign_type == "HMAC-SHA256" else 32)
    assert {name for name in ("code_url", "mweb_url") if name in answer} == ({link} if link else set())
    assert v2_desk.query(sign_type=sign_type)["trade_state"] == "NOTPAY"


async def test_a_paid_order_shows_who_paid_and_when(v2_desk):
    v2_desk.paid(attach="room 7", device_info="WEB")
    answer = v2_desk.query()
    assert answer["trade_state"] == "SUCCESS"
    assert (answer["total_fee"], answer["cash_fee"], answer["fee_type"]) == ("123", "123", "CNY")
    assert (answer["attach"], answer["device_info"], answer["trade_type"]) == ("room 7", "WEB", "NATIVE")
    assert (len(answer["transaction_id"]), len(answer["openid"]), answer["time_end"]) == (28, 28, "20260102110405")
    by_number = v2_desk.call("/pay/orderquery", {"transaction_id": answer["transaction_id"]})
    assert by_number["out_trade_no"] == "order-1"


async def test_before_it_is_paid_the_platforms_number_finds_nothing(v2_desk):
    v2_desk.order()
    answer = v2_desk.call("/pay/orderquery", {"transaction_id": v2_desk.trade().trade_no})
    assert (answer["result_code"], answer["err_code"]) == ("FAIL", "ORDERNOTEXIST")


async def test_a_closed_order_has_few_fields_left(v2_desk):
    v2_desk.order(attach="room 7")
    assert v2_desk.call("/pay/closeorder", {"out_trade_no": "order-1"})["result_code"] == "SUCCESS"
    answer = v2_desk.query()
    assert answer["trade_state"] == "CLOSED"
    assert "total_fee" not in answer
    assert v2_desk.call("/pay/closeorder", {"out_trade_no": "order-1"})["err_code"] == "ORDERCLOSED"
    assert v2_desk.order(attach="room 7")["err_code"] == "ORDERCLOSED"


async def test_closing_what_is_paid_or_unknown(v2_desk, make_v2_desk):
    v2_desk.paid()
    assert v2_desk.call("/pay/closeorder", {"out_trade_no": "order-1"})["err_code"] == "ORDERPAID"
    assert v2_desk.call("/pay/closeorder", {"out_trade_no": "nobody-1"})["result_code"] == "SUCCESS"
    strict = make_v2_desk(unknown_close="refused")
    assert strict.call("/pay/closeorder", {"out_trade_no": "nobody-1"})["err_code"] == "ORDERNOTEXIST"


async def test_the_same_order_again_is_the_same_order(v2_desk):
    first, again = v2_desk.order(), v2_desk.order()
    assert first["prepay_id"] == again["prepay_id"]
    assert first["nonce_str"] != again["nonce_str"]


@pytest.mark.parametrize(
    "change", [{"total_fee": "124"}, {"body": "x"}, {"spbill_create_ip": "127.0.0.2"}, {"attach": "y"}]
)
async def test_a_number_used_for_something_else_is_refused(v2_desk, make_v2_desk, change):
    v2_desk.order()
    assert v2_desk.order(**change)["err_code"] == "OUT_TRADE_NO_USED"
    seen = make_v2_desk(duplicate_number="field")
    seen.order()
    answer = seen.order(**change)
    assert (answer["err_code"], answer["err_code_des"]) == ("INVALID_REQUEST", "201 商户订单号重复")


async def test_a_paid_number_is_refused_as_paid(v2_desk):
    v2_desk.paid()
    assert v2_desk.order()["err_code"] == "ORDERPAID"


async def test_what_a_buyer_comes_too_late_for_stays_open(v2_desk):
    v2_desk.order(time_start="20260102110405", time_expire="20260102111405")
    await v2_desk.later(700)
    with pytest.raises(Exception, match="no payment for this order any more"):
        v2_desk.v3.buyer("pay", "order-1")
    assert v2_desk.query()["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"body": None}, "LACK_PARAMS"),
        ({"total_fee": ""}, "LACK_PARAMS"),
        ({"trade_type": "JSAPI"}, "LACK_PARAMS"),
        ({"total_fee": "0"}, "INVALID_REQUEST"),
        ({"total_fee": "1.0"}, "INVALID_REQUEST"),
        ({"total_fee": "-1"}, "INVALID_REQUEST"),
        ({"total_fee": "٣"}, "INVALID_REQUEST"),
        ({"out_trade_no": "short"}, "INVALID_REQUEST"),
        ({"out_trade_no": "x" * 33}, "INVALID_REQUEST"),
        ({"out_trade_no": "number one"}, "INVALID_REQUEST"),
        ({"body": "x" * 129}, "INVALID_REQUEST"),
        ({"trade_type": "PAP"}, "INVALID_REQUEST"),
        ({"notify_url": "ftp://x"}, "INVALID_REQUEST"),
        ({"fee_type": "USD"}, "INVALID_REQUEST"),
        ({"time_expire": "2026-01-02"}, "INVALID_REQUEST"),
        ({"time_expire": "20260230000000"}, "INVALID_REQUEST"),
        ({"time_start": "20260102120000", "time_expire": "20260102110000"}, "INVALID_REQUEST"),
        ({"appid": "wx0000000000000000"}, "APPID_MCHID_NOT_MATCH"),
        ({"appid": "nonsense"}, "APPID_NOT_EXIST"),
    ],
)
async def test_fields_are_judged_after_the_signature_and_the_refusal_is_signed(v2_desk, change, code):
    answer = v2_desk.call(PATH, ORDER | change)
    assert (answer["return_code"], answer["result_code"], answer["err_code"]) == ("SUCCESS", "FAIL", code)
    assert (
        v2_desk.query(str(change.get("out_trade_no") or "order-1").ljust(6, "x")[:32].replace(" ", "x"))["err_code"]
        == "ORDERNOTEXIST"
    )


async def test_the_door_checks_in_the_platforms_order(v2_desk):
    good = v2_desk.merchant.signed(v2_desk.merchant.fields(ORDER))
    stranger, unknown = good | {"mch_id": "1900000000"}, good | {"mch_id": "x"}
    wrong_type = good | {"sign_type": "RSA"}
    for request, text in [
        (RawRequest("GET", PATH, (), b""), "请使用post方法"),
        (post(PATH, b""), "post数据为空"),
        (post(PATH, "<xml>打</xml>".encode("gbk")), "编码格式错误"),
        (post(PATH, b"<xml>"), "XML格式错误"),
        (post(PATH, xml_of(good, root="root")), "mch_id参数格式错误"),
        (post(PATH, xml_of(unknown)), "mch_id参数格式错误"),
        (post(PATH, xml_of(stranger)), "商户号mch_id或sub_mch_id不存在"),
        (post(PATH, xml_of(wrong_type)), "sign_type参数格式错误"),
        (post(PATH, xml_of(good | {"sign": "x"})), "签名错误"),
        (post(PATH, xml_of(good | {"sign": good["sign"].lower()})), "签名错误"),
        (post(PATH, xml_of(good | {"appid": "nonsense"})), "签名错误"),
    ]:
        call = v2_desk.provider.read(request)
        reply = call.perform()
        assert (reply.status, fields_of(reply.body)) == (200, {"return_code": "FAIL", "return_msg": text})
        assert (call.faultable, call.signature_ok) == (False, False if text == "签名错误" else None)


async def test_other_calls_than_the_first_may_have_any_root(v2_desk):
    v2_desk.paid()
    fields = v2_desk.merchant.signed(v2_desk.merchant.fields({"out_trade_no": "order-1"}))
    reply = v2_desk.provider.read(post("/pay/orderquery", xml_of(fields, root="queryRequest"))).perform()
    assert v2_desk.merchant.verified(reply.body)["trade_state"] == "SUCCESS"


async def test_a_path_that_does_not_exist(v2_desk):
    reply = v2_desk.provider.read(post("/pay/nothing", b"<xml/>")).perform()
    assert (reply.status, fields_of(reply.body)["return_code"]) == (404, "FAIL")


async def test_the_journal_knows_what_was_signed_and_whose_order_it_is(v2_desk):
    call = v2_desk.read(PATH, ORDER)
    assert (call.api, call.order, call.label, call.merchant) == (
        "v2.unifiedorder",
        "order-1",
        "pp000001",
        v2_desk.merchant.mchid,
    )
    assert call.string_to_sign is not None
    assert "out_trade_no=order-1&product_id=1" in call.string_to_sign
    assert v2_desk.merchant.key not in call.string_to_sign
    v2_desk.paid()
    by_number = v2_desk.read("/pay/orderquery", {"transaction_id": v2_desk.trade().trade_no})
    assert (by_number.order, by_number.label) == ("order-1", "pp000001")


@pytest.mark.parametrize("trade_type", ["JSAPI", "APP"])
@pytest.mark.parametrize("sign_type", ["MD5", "HMAC-SHA256"])
async def test_the_wallet_opens_what_the_merchant_signed(v2_desk, trade_type, sign_type):
    prepay_id = v2_desk.order(trade_type=trade_type, openid=OPENID)["prepay_id"]
    merchant = v2_desk.merchant
    said = {
        "appId": merchant.app_id,
        "timeStamp": "1767323045",
        "nonceStr": "n",
        "package": f"prepay_id={prepay_id}",
        "signType": sign_type,
    }
    name = "paySign"
    if trade_type == "APP":
        said = {
            "appid": merchant.app_id,
            "partnerid": merchant.mchid,
            "prepayid": prepay_id,
            "package": "Sign=WXPay",
            "noncestr": "n",
            "timestamp": "1767323045",
        }
        name = "sign"
    sign = digest(said, merchant.key, sign_type=sign_type)
    trade = v2_desk.provider.cashier_link(json.dumps(said | {name: sign}))
    assert trade is v2_desk.trade()
    with pytest.raises(Exception, match="支付验证签名失败"):
        v2_desk.provider.cashier_link(json.dumps(said | {name: sign[:-1] + ("0" if sign[-1] != "0" else "1")}))


async def test_an_order_of_one_language_is_known_in_the_other(v2_desk):
    v2_desk.order()
    status, told = v2_desk.v3.query("order-1")
    assert (status, told["trade_state"]) == (200, "NOTPAY")
    v2_desk.v3.create("order-2")
    assert v2_desk.query("order-2")["trade_state"] == "NOTPAY"
    v2_desk.v3.buyer("pay", "order-1")
    assert (v2_desk.notice.url, v2_desk.notice.kind) == (NOTIFY_URL, "v2")
