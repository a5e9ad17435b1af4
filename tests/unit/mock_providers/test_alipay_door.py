"""
What the gateway checks first, in which order, and how it says no.
"""

import json

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.alipay_desk import Desk, post

QUERY = "alipay.trade.query"
KEY = "alipay_trade_query_response"

pytestmark = pytest.mark.asyncio


def refused(desk: Desk, request: RawRequest) -> tuple[str, str, bool]:
    """
    Envelope key, sub code and whether the answer is signed; signatures are verified.
    """
    call = desk.read(request)
    assert not call.faultable
    reply = call.perform()
    assert reply.status == 200
    body = json.loads(reply.body.decode("gbk" if "GBK" in dict(reply.headers)["Content-Type"] else "utf-8"))
    (key, *_) = body
    if "sign" in body:
        codec = "gbk" if "GBK" in dict(reply.headers)["Content-Type"] else "utf-8"
        sign_type = "RSA" if len(body["sign"]) and call.api == "rsa" else "RSA2"
        desk.merchant.opened(reply.body, key, codec=codec, sign_type=sign_type)
    return key, body[key]["sub_code"], "sign" in body


CASES = [
    ({"method": None}, "error_response", "isv.missing-method", True),
    ({"method": 'x":{'}, "error_response", "isv.invalid-method", True),
    ({"method": None, "app_id": "2021000000000000"}, "error_response", "isv.missing-method", False),
    ({"app_id": None}, KEY, "isv.missing-app-id", False),
    ({"app_id": "2021000000000000"}, KEY, "isv.invalid-app-id", False),
    ({"charset": "utf-7"}, KEY, "isv.invalid-charset", True),
    ({"format": "XML"}, KEY, "isv.invalid-format", True),
    ({"version": None}, KEY, "isv.missing-version", True),
    ({"version": "2.0"}, KEY, "isv.invalid-parameter", True),
    ({"sign_type": None}, KEY, "isv.missing-signature-type", True),
    ({"sign_type": "MD5"}, KEY, "isv.invalid-signature-type", True),
    ({"timestamp": None}, KEY, "isv.missing-timestamp", True),
    ({"timestamp": "2026-13-01 00:00:00"}, KEY, "isv.invalid-timestamp", True),
    ({"encrypt_type": "DES"}, KEY, "isv.invalid-encrypt-type", True),
    ({"encrypt_type": "AES"}, KEY, "isv.decryption-error-unknown", True),
    ({"biz_content": "{"}, KEY, "isv.illegal-json", True),
    ({"biz_content": "[]"}, KEY, "isv.illegal-json", True),
    ({"biz_content": '{"a":NaN}'}, KEY, "isv.illegal-json", True),
    ({"biz_content": '{"a":"\\ud800"}'}, KEY, "isv.illegal-json", True),
    ({"biz_content": "[" * 100_000}, KEY, "isv.illegal-json", True),
    ({"method": "alipay.trade.nosuch"}, "alipay_trade_nosuch_response", "isv.invalid-method", True),
]


@pytest.mark.parametrize(("changes", "key", "sub_code", "signed"), CASES)
async def test_each_refusal_has_its_code_its_envelope_and_its_signature(desk, changes, key, sub_code, signed):
    assert refused(desk, post(desk.merchant.signed(QUERY, {"out_trade_no": "o1"}, **changes))) == (
        key,
        sub_code,
        signed,
    )


async def test_the_application_is_checked_before_the_signature(desk):
    params = desk.merchant.signed(QUERY, {}, app_id="2021000000000000") | {"sign": "AAAA"}
    assert refused(desk, post(params)) == (KEY, "isv.invalid-app-id", False)


@pytest.mark.parametrize("change", [{"sign": "AAAA"}, {"sign": "no base64!"}, {"timestamp": "2026-01-02 11:04:06"}])
async def test_a_signature_over_something_else_is_refused_with_the_string_we_built(desk, change):
    call = desk.read(post(desk.merchant.signed(QUERY, {"out_trade_no": "o1"}) | change))
    inner = desk.merchant.opened(call.perform().body, KEY)
    assert (inner["code"], inner["sub_code"]) == ("40002", "isv.invalid-signature")
    assert call.string_to_sign is not None
    assert call.string_to_sign.replace("&", "&amp;") in inner["sub_msg"]
    assert (call.signature_ok, call.faultable) == (False, False)


async def test_a_missing_signature_is_told_apart_from_a_wrong_one(desk):
    params = desk.merchant.signed(QUERY, {})
    del params["sign"]
    assert refused(desk, post(params)) == (KEY, "isv.missing-signature", True)


async def test_empty_values_are_not_part_of_what_is_signed(desk):
    params = desk.merchant.signed(QUERY, {"out_trade_no": "o1"}, return_url="", notify_url="  ")
    assert desk.read(post(params)).signature_ok is True


async def test_unknown_parameters_are_part_of_what_is_signed(desk):
    params = desk.merchant.signed(QUERY, {"out_trade_no": "o1"}, alipay_sdk="alipay-sdk-nodejs-4.0.0")
    assert desk.read(post(params)).signature_ok is True
    assert desk.read(post(params | {"alipay_sdk": "x"})).signature_ok is False


async def test_the_old_signature_is_answered_in_kind(desk):
    reply = desk.read(post(desk.merchant.signed(QUERY, {"out_trade_no": "o1"}, sign_type="RSA"))).perform()
    assert desk.merchant.opened(reply.body, KEY, sign_type="RSA")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    with pytest.raises(InvalidSignature):
        desk.merchant.opened(reply.body, KEY, sign_type="RSA2")


async def test_gbk_is_verified_and_answered_in_gbk(desk):
    business = {"out_trade_no": "o1", "total_amount": "1.00", "subject": "打赏"}
    params = desk.merchant.signed("alipay.trade.precreate", business, charset="GBK")
    call = desk.read(post(params, codec="gbk"))
    assert call.signature_ok is True
    reply = call.perform()
    assert dict(reply.headers)["Content-Type"] == "text/html;charset=GBK"
    assert desk.merchant.opened(reply.body, "alipay_trade_precreate_response", codec="gbk")["code"] == "10000"
    assert desk.trade().opening.subject == "打赏"


async def test_any_other_path_is_answered_in_the_vendors_words(desk):
    params = desk.merchant.signed(QUERY, {})
    assert refused(desk, post(params, target="/gateway")) == ("error_response", "isv.invalid-method", False)
    assert refused(desk, RawRequest("GET", "/", (), b"")) == ("error_response", "isv.invalid-method", False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "PUT"]),
    query=st.text(st.characters(codec="utf-8")),
    body=st.binary(),
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", ""]),
)
async def test_nonsense_is_always_answered_with_200_and_json(desk, method, query, body, kind):
    headers = (("Content-Type", kind),) if kind else ()
    reply = desk.read(RawRequest(method, "/gateway.do?" + query, headers, body)).perform()
    charset = dict(reply.headers)["Content-Type"].partition("charset=")[2]
    assert reply.status == 200
    assert isinstance(json.loads(reply.body.decode(charset)), dict)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.just("o1")),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
NAMES = ["out_trade_no", "trade_no", "total_amount", "subject", "refund_amount", "out_request_no", "time_expire"]
NAMES += ["timeout_express", "seller_id", "body", "passback_params", "refund_reason", "unknown"]
METHODS = ["precreate", "query", "refund", "fastpay.refund.query"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(METHODS), st.dictionaries(st.sampled_from(NAMES), JSON))
async def test_signed_nonsense_is_always_answered_with_a_signed_verdict(desk, name, fields):
    method = f"alipay.trade.{name}"
    params = desk.merchant.signed(method, json.dumps(fields))
    reply = desk.read(post(params)).perform()
    inner = desk.merchant.opened(reply.body, method.replace(".", "_") + "_response")
    assert inner["code"] in {"10000", "40002", "40004"}


WRONG_ONE_BY_ONE = [
    ("method", "", "isv.missing-method"),
    ("app_id", "2021000000000000", "isv.invalid-app-id"),
    ("charset", "utf-7", "isv.invalid-charset"),
    ("format", "XML", "isv.invalid-format"),
    ("version", "2.0", "isv.invalid-parameter"),
    ("sign_type", "MD5", "isv.invalid-signature-type"),
    ("sign", "", "isv.missing-signature"),
    ("app_cert_sn", "0", "isv.app-cert-not-exist"),
    ("sign", "AAAA", "isv.invalid-signature"),
    ("timestamp", "now", "isv.invalid-timestamp"),
    ("encrypt_type", "DES", "isv.invalid-encrypt-type"),
    ("method", "alipay.trade.nosuch", "isv.invalid-method"),
    ("app_auth_token", "made-up", "aop.invalid-app-auth-token"),
    ("biz_content", "{", "isv.illegal-json"),
    ("biz_content", "{}", "ACQ.INVALID_PARAMETER"),
]


@pytest.mark.parametrize("fixed", range(len(WRONG_ONE_BY_ONE)), ids=[code for _, _, code in WRONG_ONE_BY_ONE])
async def test_of_many_mistakes_the_first_in_the_gateways_order_is_told(desk, fixed):
    wrong = WRONG_ONE_BY_ONE[fixed:]
    changes = {name: value for name, value, _ in reversed(wrong)}
    sign = changes.pop("sign", None)
    params = desk.merchant.signed(changes.pop("method", QUERY), changes.pop("biz_content", "{}"), **changes)
    if sign is not None:
        params["sign"] = sign
    reply = desk.read(post(params, codec="utf-8")).perform()
    codec = dict(reply.headers)["Content-Type"].partition("charset=")[2]
    (answer, *_) = json.loads(reply.body.decode(codec)).values()
    assert answer["sub_code"] == wrong[0][2]
