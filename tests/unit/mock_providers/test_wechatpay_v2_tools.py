"""
What stands beside payments in the XML API: whose code a buyer shows, and reports; how clients sign payouts.
"""

import pytest

from tests.unit.mock_providers.wechatpay_v2_desk import AUTH_CODE, OPENID, digest, fields_of, post, xml_of

pytestmark = pytest.mark.asyncio

REPORT = {
    "interface_url": "/pay/unifiedorder",
    "execute_time": "120",
    "return_code": "SUCCESS",
    "result_code": "SUCCESS",
    "user_ip": "127.0.0.1",
}


async def test_the_buyer_behind_a_code_is_the_one_who_pays_by_it(v2_desk):
    asked = v2_desk.call("/tools/authcodetoopenid", {"auth_code": AUTH_CODE})
    assert (asked["result_code"], len(asked["openid"])) == ("SUCCESS", 28)
    assert v2_desk.micropay(auth_code=AUTH_CODE)["openid"] == asked["openid"]
    another = v2_desk.call("/tools/authcodetoopenid", {"auth_code": "120061098828009407"})
    assert another["openid"] != asked["openid"]


@pytest.mark.parametrize(
    ("code", "said"),
    [("998", "AUTH_CODE_INVALID"), ("130061098828009994", "AUTHCODEEXPIRE"), ("130061098828009995", "AUTH_CODE_ERROR")],
)
async def test_a_code_that_is_none_is_nobody(v2_desk, code, said):
    answer = v2_desk.call("/tools/authcodetoopenid", {"auth_code": code})
    assert (answer["result_code"], answer["err_code"]) == ("FAIL", said)


async def test_a_report_is_taken_in_both_houses_and_answered_unsigned(v2_desk):
    answer = v2_desk.unsigned("/payitil/report", REPORT)
    assert (answer["return_code"], answer["result_code"]) == ("SUCCESS", "SUCCESS")
    key = v2_desk.unsigned("/sandboxnew/pay/getsignkey", {"appid": None})["sandbox_signkey"]
    assert v2_desk.unsigned("/sandboxnew/payitil/report", REPORT, key=key)["result_code"] == "SUCCESS"


async def test_a_report_may_spell_its_time_as_one_client_does(v2_desk):
    said = {name: value for name, value in REPORT.items() if name != "execute_time"}
    assert v2_desk.unsigned("/payitil/report", said | {"execute_time_": "120"})["result_code"] == "SUCCESS"
    assert v2_desk.unsigned("/payitil/report", said)["err_code"] == "LACK_PARAMS"


async def test_a_report_of_nothing_lacks_a_parameter(v2_desk):
    assert v2_desk.unsigned("/payitil/report", REPORT | {"interface_url": ""})["err_code"] == "LACK_PARAMS"


@pytest.mark.parametrize("sign_type", ["MD5", "HMAC-SHA256"])
async def test_a_payouts_signature_may_leave_sign_type_out_and_an_orders_may_not(v2_desk, sign_type):
    merchant = v2_desk.merchant
    packet = {
        "mch_appid": merchant.app_id,
        "mchid": merchant.mchid,
        "nonce_str": "n",
        "partner_trade_no": "transfer1",
        "openid": OPENID,
        "check_name": "NO_CHECK",
        "amount": "30",
        "desc": "x",
        "spbill_create_ip": "127.0.0.1",
    }
    sign = digest(packet, merchant.key, sign_type=sign_type)
    sent = xml_of({**packet, "sign_type": sign_type, "sign": sign})
    reply = v2_desk.v3.read(post("/mmpaymkttransfers/promotion/transfers", sent)).perform()
    assert fields_of(reply.body)["result_code"] == "SUCCESS"

    query = merchant.fields({"out_trade_no": "order-1"})
    sign = digest(query, merchant.key, sign_type=sign_type)
    reply = v2_desk.v3.read(post("/pay/orderquery", xml_of({**query, "sign_type": sign_type, "sign": sign}))).perform()
    assert fields_of(reply.body)["return_msg"] == "签名错误"
