"""
What stands beside payments in the XML API: whose code a buyer shows, and reports.
"""

import pytest

from tests.unit.mock_providers.wechatpay_v2_desk import AUTH_CODE

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


async def test_a_report_of_nothing_lacks_a_parameter(v2_desk):
    assert v2_desk.unsigned("/payitil/report", REPORT | {"interface_url": ""})["err_code"] == "LACK_PARAMS"
