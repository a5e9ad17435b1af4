"""
What API v3 checks before business, in the platform's order; which answers are signed, and by which key.
"""

import json
from datetime import timedelta

import pytest
from cryptography import x509

from mock_providers.core.plans import AnswerShape, Seal
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.wechatpay_v3_desk import HEADERS, V3Desk

pytestmark = pytest.mark.asyncio

NATIVE = "/v3/pay/transactions/native"
CERTIFICATES = "/v3/certificates"
WINDOW = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"


def raw(method: str, target: str, body: bytes = b"", **headers: str) -> RawRequest:
    return RawRequest(method, target, tuple((name.replace("_", "-"), one) for name, one in headers.items()), body)


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v3/nowhere", 404),
        ("GET", "/v3/pay/transactions/out-trade-no//close", 404),
        ("GET", NATIVE, 405),
        ("DELETE", CERTIFICATES, 405),
    ],
)
async def test_wrong_paths_and_methods_are_answered_with_nothing(v3_desk: V3Desk, method, target, status):
    reply = v3_desk.read(raw(method, target)).perform()

    assert (reply.status, reply.body) == (status, b"")
    assert not [name for name, _ in reply.headers if name.startswith("Wechatpay")]


@pytest.mark.parametrize("missing", ["Accept", "User-Agent"])
async def test_the_agent_is_looked_for_before_everything_else_but_not_on_payments(v3_desk: V3Desk, missing):
    headers = {name: one for name, one in HEADERS.items() if name != missing}

    told = v3_desk.read(RawRequest("GET", CERTIFICATES, tuple(headers.items()), b"")).perform()
    payment = v3_desk.ask("POST", NATIVE, v3_desk.order(), headers={missing: None})

    assert (told.status, json.loads(told.body)["message"]) == (400, "Http头缺少Accept或User-Agent")
    assert payment.status == 200


@pytest.mark.parametrize(
    ("authorization", "target", "told"),
    [
        ("", CERTIFICATES, "Http头Authorization值格式错误"),
        ("WECHATPAY2-SHA256-RSA2048 x", CERTIFICATES, "Http头Authorization值格式错误"),
        ("Bearer x", CERTIFICATES, "HTTP头Authorization认证类型不正确"),
        ("", NATIVE, "签名信息错误"),
        ("Bearer x", NATIVE, "签名信息错误"),
    ],
)
async def test_an_ill_formed_authorization_is_told_by_path(v3_desk: V3Desk, authorization, target, told):
    method = "POST" if target == NATIVE else "GET"
    request = raw(method, target, Accept="*/*", User_Agent="x", Authorization=authorization)

    reply = v3_desk.read(request).perform()

    said = json.loads(reply.body)
    assert (reply.status, said["code"]) == (401, "SIGN_ERROR")
    assert said["message"].startswith(told)
    assert ("Request-ID" in dict(reply.headers)) is (target == CERTIFICATES)
    assert "Wechatpay-Signature" not in dict(reply.headers)


def signed(desk: V3Desk, **changes: str) -> RawRequest:
    authorization = desk.merchant.authorization("GET", CERTIFICATES, b"", **changes)
    return RawRequest("GET", CERTIFICATES, (*HEADERS.items(), ("Authorization", authorization)), b"")


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 200), (299, 200), (302, 401)])
async def test_the_window_is_five_minutes_either_way(v3_desk: V3Desk, seconds, status):
    reply = v3_desk.read(signed(v3_desk, at=str(int((T0 + timedelta(seconds=seconds)).timestamp())))).perform()

    assert reply.status == status
    assert (status == 200) or json.loads(reply.body)["message"] == WINDOW


async def test_the_window_is_judged_before_the_signature(v3_desk: V3Desk):
    reply = v3_desk.read(signed(v3_desk, timestamp="1", signature="nonsense", mchid="1", serial_no="2")).perform()

    assert json.loads(reply.body)["message"] == WINDOW


@pytest.mark.parametrize(
    ("changes", "told", "detailed"),
    [
        ({"mchid": "1900000109"}, "签名错误", False),
        ({"serial_no": "AB" * 20}, "商户证书序列号有误。请使用签名私钥匹配的证书序列号", False),
        ({"nonce_str": "other"}, "签名错误", True),
        ({"signature": "%%%"}, "签名错误", True),
    ],
)
async def test_a_bad_signature_is_told_by_what_is_known(v3_desk: V3Desk, changes, told, detailed):
    call = v3_desk.read(signed(v3_desk, **changes))
    said = json.loads(call.perform().body)

    assert call.signature_ok is False
    assert said["message"] == told
    assert ("detail" in said) is detailed
    if detailed:
        assert said["detail"]["detail"] == {"issue": "sign not match"}
        assert said["detail"]["sign_information"]["url"] == CERTIFICATES


async def test_a_serial_in_lower_case_and_any_order_of_values_are_taken(v3_desk: V3Desk):
    text = v3_desk.merchant.authorization(
        "GET", CERTIFICATES, b"", serial_no=v3_desk.merchant.text("apiclient_serial_no").lower()
    )
    scheme, values = text.split(" ")
    turned = f"{scheme} {','.join(reversed(values.split(',')))}"

    reply = v3_desk.ask("GET", CERTIFICATES, headers={"Authorization": turned})

    assert reply.status == 200


async def test_a_target_with_the_whole_address_is_signed_without_it(v3_desk: V3Desk):
    request = v3_desk.merchant.request("GET", CERTIFICATES)
    whole = RawRequest("GET", f"https://api.mch.weixin.qq.com{CERTIFICATES}", request.headers, b"")

    assert v3_desk.read(whole).perform().status == 200


@pytest.mark.parametrize(("switch", "ok"), [("wire", False), ("either", True)])
async def test_a_vertical_bar_signed_raw_and_sent_escaped_is_as_the_switch_says(make_v3_desk, switch, ok):
    desk = make_v3_desk(pipe=switch)
    path = "/v3/pay/transactions/out-trade-no/order|1"
    query = f"?mchid={desk.merchant.mchid}"
    authorization = desk.merchant.authorization("GET", path + query, b"")

    target = path.replace("|", "%7C") + query
    call = desk.read(RawRequest("GET", target, (*HEADERS.items(), ("Authorization", authorization)), b""))

    assert call.signature_ok is ok
    assert call.order == ("order|1" if ok else "")


@pytest.mark.parametrize(
    ("body", "told"), [(b"", "JSON"), (b"[]", "JSON"), (b"{", "JSON"), (b'{"a":NaN}', "JSON"), (b"[" * 5000, "JSON")]
)
async def test_a_body_that_is_no_object_is_refused_and_the_refusal_signed(v3_desk: V3Desk, body, told):
    status, said = v3_desk.call("POST", NATIVE, body)

    assert (status, said["code"]) == (400, "PARAM_ERROR")
    assert told in said["message"]


async def test_who_names_the_public_key_is_answered_by_it(v3_desk: V3Desk):
    key_id = v3_desk.merchant.text("wechatpay_public_key_id")

    asked = v3_desk.ask("POST", NATIVE, v3_desk.order(), headers={"Wechatpay-Serial": key_id})
    plain = v3_desk.ask("POST", NATIVE, v3_desk.order())

    assert dict(asked.headers)["Wechatpay-Serial"] == key_id
    assert dict(plain.headers)["Wechatpay-Serial"] == v3_desk.merchant.text("wechatpay_certificate_serial_no")
    for reply in (asked, plain):
        v3_desk.merchant.verify(dict(reply.headers), reply.body)


def listed(desk: V3Desk) -> dict[str, bytes]:
    _, said = desk.call("GET", CERTIFICATES)
    return {one["serial_no"]: desk.merchant.decrypt(one["encrypt_certificate"]) for one in said["data"]}


async def test_the_list_of_certificates_holds_what_signs(v3_desk: V3Desk):
    found = listed(v3_desk)

    assert list(found) == [v3_desk.merchant.text("wechatpay_certificate_serial_no")]
    for serial, pem in found.items():
        assert f"{x509.load_pem_x509_certificate(pem).serial_number:040X}" == serial


async def test_certificates_rotate_in_mid_run(make_v3_desk):
    desk = make_v3_desk(rotate_after_s=100.0, rotation_overlap_s=50.0)
    old, new = (desk.merchant.text(f"wechatpay_{name}_serial_no") for name in ("certificate", "next_certificate"))
    seen = []
    for seconds in (0, 100, 50):
        await desk.schedule.advance(seconds)
        reply = desk.ask("POST", NATIVE, desk.order())
        desk.merchant.verify(dict(reply.headers), reply.body)
        seen.append((dict(reply.headers)["Wechatpay-Serial"], list(listed(desk))))

    assert seen == [(old, [old]), (new, [new, old]), (new, [new])]


async def test_without_certificates_there_is_no_list(make_v3_desk):
    desk = make_v3_desk(platform="public_key")

    status, said = desk.call("GET", CERTIFICATES)

    assert (status, said["code"]) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize(
    ("shape", "genuine"),
    [
        (AnswerShape(), True),
        (AnswerShape(seal=Seal.DAMAGED), False),
        (AnswerShape(seal=Seal.FOREIGN), False),
        (AnswerShape(probe=True), False),
        (AnswerShape(stale_s=400.0), True),
    ],
)
async def test_an_answer_is_sealed_as_a_fault_wants_it(v3_desk: V3Desk, shape, genuine):
    reply = v3_desk.ask("POST", NATIVE, v3_desk.order(), shape=shape)

    headers = dict(reply.headers)
    assert v3_desk.merchant.genuine(headers, reply.body) is genuine
    assert len(headers["Wechatpay-Signature"]) == 344
    assert headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") is shape.probe
    assert int(T0.timestamp()) - int(headers["Wechatpay-Timestamp"]) == shape.stale_s


async def test_an_unsigned_answer_bears_no_header_of_the_vendors(v3_desk: V3Desk):
    reply = v3_desk.ask("POST", NATIVE, v3_desk.order(), shape=AnswerShape(seal=Seal.NONE))

    assert reply.status == 200
    assert not [name for name, _ in reply.headers if name.startswith("Wechatpay")]


@pytest.mark.parametrize(
    ("refuse", "status", "code"),
    [
        ("system_error", 500, "SYSTEM_ERROR"),
        ("busy", 429, "FREQUENCY_LIMITED"),
        ("in_process", 202, "USER_PAYING"),
        ("NOT_ENOUGH", 403, "NOT_ENOUGH"),
        ("NOBODY_KNOWS", 403, "NOBODY_KNOWS"),
    ],
)
@pytest.mark.parametrize("work", [True, False])
async def test_a_refusal_comes_with_or_without_the_work(v3_desk: V3Desk, refuse, status, code, work):
    reply = v3_desk.ask("POST", NATIVE, v3_desk.order(), shape=AnswerShape(refuse=refuse, work=work))

    assert (reply.status, json.loads(reply.body)["code"]) == (status, code)
    v3_desk.merchant.verify(dict(reply.headers), reply.body)
    known = v3_desk.book.by_order("wechatpay", "order1", now=v3_desk.schedule.now())
    assert (known is not None) is work


@pytest.mark.parametrize(("spelling", "code"), [("current", "ORDER_NOT_EXIST"), ("old", "ORDERNOTEXIST")])
async def test_codes_are_spelt_as_the_switch_says(make_v3_desk, spelling, code):
    assert make_v3_desk(spelling=spelling).query("nobody") == (404, {"code": code, "message": "订单不存在"})


@pytest.mark.parametrize(("switch", "status"), [(True, 403), (False, 200)])
async def test_an_acceptance_case_is_played_where_the_switch_allows_it(make_v3_desk, switch, status):
    desk = make_v3_desk(negative_tests=switch)

    got, _ = desk.call("POST", NATIVE, desk.order(), headers={"Wechatpay-Negative-Test": "NOTENOUGH"})

    assert got == status
