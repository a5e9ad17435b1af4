"""What the WeChat Pay channels make of answers: each code of the sheet, each reason to believe nothing."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from reference_gateway.channels.wechatpay import v2_codes, v3_codes
from reference_gateway.channels.wechatpay.http import HttpReply
from reference_gateway.channels.wechatpay.v2 import WechatV2Channel
from reference_gateway.channels.wechatpay.v2_client import _raise_unless_handled
from reference_gateway.channels.wechatpay.v3 import WechatV3Channel
from reference_gateway.channels.wechatpay.v3_client import CERTIFICATES
from reference_gateway.channels.wechatpay.v3_codes import OLD_SPELLINGS, Sort
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, GatewayError
from tests.unit.reference_gateway.wechatpay_house import Still, certificate, client, entry, listing, sealed

RAISED: dict[Sort, type[GatewayError]] = {
    Sort.REFUSED: ChannelRefused,
    Sort.LATER: ChannelUnavailable,
    Sort.UNKNOWN: ChannelOutcomeUnknown,
}
V3_SORTED = {
    Sort.REFUSED: "PARAM_ERROR INVALID_REQUEST APPID_MCHID_NOT_MATCH MCH_NOT_EXISTS ORDER_CLOSED ORDERPAID ORDERREVERSED "
    "OUT_TRADE_NO_USED ORDER_NOT_EXIST RESOURCE_NOT_EXISTS NOT_FOUND NO_STATEMENT_EXIST REFUND_FEE_MISMATCH TRADE_OVERDUE "
    "NO_AUTH RULE_LIMIT TRADE_ERROR USER_ACCOUNT_ABNORMAL ACCOUNT_ERROR REQUEST_BLOCKED REVERSE_EXPIRE AUTHCODEEXPIRE "
    "AUTH_CODE_ERROR AUTH_CODE_INVALID NOTSUPORTCARD BUYER_MISMATCH",
    Sort.LATER: "SIGN_ERROR NOT_ENOUGH STATEMENT_CREATING FREQUENCY_LIMITED",
    Sort.UNKNOWN: "ALREADY_EXISTS SYSTEM_ERROR BANK_ERROR OPENID_MISMATCH INVALID_TRANSACTIONID SERVICE_UNAVAILABLE "
    "USER_PAYING",
}
V2_SORTED = {
    Sort.REFUSED: "INVALID_REQUEST PARAM_ERROR LACK_PARAMS NOAUTH ORDERPAID ORDERCLOSED ORDERREVERSED ORDERNOTEXIST "
    "REFUNDNOTEXIST NOT_FOUND APPID_NOT_EXIST MCHID_NOT_EXIST APPID_MCHID_NOT_MATCH OUT_TRADE_NO_USED XML_FORMAT_ERROR "
    "REQUIRE_POST_METHOD POST_DATA_EMPTY NOT_UTF8 TRADE_OVERDUE ERROR USER_ACCOUNT_ABNORMAL INVALID_TRANSACTIONID "
    "REFUND_FEE_MISMATCH REVERSE_EXPIRE TRADE_ERROR AUTHCODEEXPIRE AUTH_CODE_ERROR AUTH_CODE_INVALID NOTSUPORTCARD "
    "BUYER_MISMATCH",
    Sort.LATER: "SIGNERROR CERT_ERROR NOTENOUGH INVALID_REQ_TOO_MUCH ORDER_NOT_READY FREQUENCY_LIMITED",
    Sort.UNKNOWN: "FATAL_ERROR SYSTEMERROR BANKERROR BIZERR_NEED_RETRY USERPAYING",
}


def flat(table: dict[Sort, str]) -> dict[str, Sort]:
    return {code: sort for sort, codes in table.items() for code in codes.split()}


def asked(reply: HttpReply, name: str = "create") -> Any:
    own, _ = client({"/v3/x": reply})
    return asyncio.run(own.call(name, "POST", "/v3/x", {}))


def test_each_code_stands_in_exactly_one_table_with_its_test():
    assert flat(V3_SORTED) == dict(v3_codes.CODES)
    assert flat(V2_SORTED) == dict(v2_codes.CODES)
    assert set(OLD_SPELLINGS.values()) <= set(v3_codes.CODES)


@pytest.mark.parametrize(
    ("code", "sort"), [*flat(V3_SORTED).items(), ("NEVER_HEARD_OF", Sort.UNKNOWN), ("", Sort.UNKNOWN)]
)
def test_a_signed_refusal_of_v3_is_sorted(code, sort):
    spellings = [code, *(old for old, today in OLD_SPELLINGS.items() if today == code)]
    for spelling in spellings:
        with pytest.raises(RAISED[sort]) as raised:
            asked(sealed(json.dumps({"code": spelling}).encode(), status=403))
        if code:
            assert raised.value.reason == code


@pytest.mark.parametrize(("code", "sort"), [*flat(V2_SORTED).items(), ("NEVER_HEARD_OF", Sort.UNKNOWN)])
def test_a_refusal_in_xml_is_sorted(code, sort):
    with pytest.raises(RAISED[sort]) as raised:
        _raise_unless_handled("create", {"result_code": "FAIL", "err_code": code})
    assert raised.value.reason == code


@pytest.mark.parametrize(
    ("name", "code", "sort"),
    [
        ("refund", "FREQUENCY_LIMITED", Sort.UNKNOWN),
        ("transfer", "FREQUENCY_LIMITED", Sort.UNKNOWN),
        ("codepay", "NOT_ENOUGH", Sort.REFUSED),
    ],
)
def test_a_code_may_mean_something_else_to_one_call(name, code, sort):
    with pytest.raises(RAISED[sort]):
        asked(sealed(json.dumps({"code": code}).encode(), status=429), name)
    old = {"NOT_ENOUGH": "NOTENOUGH"}.get(code, code)
    with pytest.raises(RAISED[sort]):
        _raise_unless_handled({"codepay": "micropay"}.get(name, name), {"result_code": "FAIL", "err_code": old})


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_stumbles_knows_nothing_whatever_it_says(status):
    with pytest.raises(ChannelOutcomeUnknown):
        asked(sealed(b'{"code":"PARAM_ERROR"}', status=status))


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (401, b'{"code":"SIGN_ERROR"}', ChannelUnavailable),
        (404, b"", ChannelUnavailable),
        (405, b"", ChannelUnavailable),
        (404, b'{"code":"ORDER_NOT_EXIST"}', ChannelOutcomeUnknown),
        (403, b'{"code":"RULE_LIMIT"}', ChannelOutcomeUnknown),
        (200, b'{"code_url":"weixin://"}', ChannelOutcomeUnknown),
        (204, b"", ChannelOutcomeUnknown),
        (302, b"", ChannelOutcomeUnknown),
    ],
)
def test_what_nobody_signed_is_believed_at_the_door_alone(status, body, raised):
    with pytest.raises(raised):
        asked(HttpReply(status, {}, body))


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"{", b"null", b"\xff", b"[" * 100_000])
def test_a_signed_answer_that_is_no_object_is_no_answer(body):
    with pytest.raises(ChannelOutcomeUnknown):
        asked(sealed(body))


def test_an_answer_under_another_key_of_that_serial_is_not_believed():
    with pytest.raises(ChannelOutcomeUnknown):
        asked(sealed(b"{}", key="other"))


def test_a_certificate_that_has_ended_verifies_nothing():
    own, _ = client({"/v3/x": sealed(b'{"a":1}')}, known=(certificate(begin=-9, end=-1),))
    with pytest.raises(ChannelOutcomeUnknown) as raised:
        asyncio.run(own.call("create", "POST", "/v3/x", {}))
    assert raised.value.reason == "certificate_expired"


def fetched(*entries: Any, **more: Any) -> tuple[bool, list[str]]:
    """Whether a call under the serial 9 was believed after the list had been fetched, and what was asked."""
    answers = {
        "/v3/x": sealed(b'{"a":1}', serial=f"{9:040X}"),
        CERTIFICATES: sealed(listing(*entries), serial=f"{9:040X}"),
    }
    own, http = client(answers, **more)
    try:
        asyncio.run(own.call("create", "POST", "/v3/x", {}))
    except ChannelOutcomeUnknown:
        return False, http.asked
    return True, http.asked


def test_an_unknown_serial_has_the_list_fetched_once():
    assert fetched(entry(certificate(serial=9))) == (True, ["/v3/x", CERTIFICATES])


@pytest.mark.parametrize(
    "spoilt",
    [
        entry(certificate(serial=9), serial_no="0000"),
        entry(certificate(serial=9, begin=-9, end=-1)),
        entry(certificate(serial=9, begin=1, end=9)),
        entry(certificate("other", serial=9)),
        entry(certificate(serial=9), encrypt_certificate={}),
        entry(certificate(serial=9), encrypt_certificate={"algorithm": "none"}),
        "no entry",
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_left_out(spoilt):
    believed, _ = fetched(spoilt)
    assert not believed


@pytest.mark.parametrize(("issuer", "believed"), [("platform", True), ("other", False)])
def test_where_an_authority_is_configured_it_must_have_issued(issuer, believed):
    listed = entry(certificate(serial=9, issuer=issuer))
    assert fetched(listed, authorities=(certificate(serial=1),))[0] is believed


def test_the_list_is_fetched_again_when_it_is_old():
    clock = Still()
    own, http = client({CERTIFICATES: sealed(listing(entry(certificate(serial=9))), serial=f"{9:040X}")}, clock=clock)

    async def story() -> None:
        await own.keys.start()
        own.keys.keep_fresh()
        clock.at += timedelta(hours=11, seconds=1)
        for _ in range(3):
            own.keys.keep_fresh()
        await asyncio.wait_for(http.arrived.wait(), 10)
        await own.keys.stop()

    asyncio.run(story())
    assert http.asked == [CERTIFICATES]


def test_what_notifies_are_answered():
    assert WechatV3Channel.reply.content_type == "application/json"
    assert json.loads(WechatV3Channel.reply.accepted) == {"code": "SUCCESS", "message": "成功"}
    assert json.loads(WechatV3Channel.reply.refused)["code"] == "FAIL"
    assert WechatV2Channel.reply.accepted == (
        b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
    )
