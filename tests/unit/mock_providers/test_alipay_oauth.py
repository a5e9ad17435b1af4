"""
Consent: a code is good once and for ten minutes, its token says who it was, and certificates are handed out by number.
"""

import base64
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography import x509

from mock_providers.alipay.certificates import certificate_sn
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.alipay_desk import Desk, post

pytestmark = pytest.mark.asyncio

USER, APP = "alipay.system.oauth.token", "alipay.open.auth.token.app"
BACK = "http%3A%2F%2F127.0.0.1%3A9%2Fback%3Fx%3D1"


def consented(desk: Desk, kind: str) -> dict[str, str]:
    path = {"user": "publicAppAuthorize", "app": "appToAppAuth"}[kind]
    query = f"app_id={desk.merchant.app_id}&scope=auth_user&redirect_uri={BACK}&state=s1"
    reply = desk.read(RawRequest("GET", f"/oauth2/{path}.htm?{query}", (), b"")).perform()
    assert reply.status == 302
    where = dict(reply.headers)["Location"]
    assert where.startswith("http://127.0.0.1:9/back?x=1&")
    return dict(parse_qsl(urlsplit(where).query))


def user_token(desk: Desk, **fields: str) -> dict:
    return desk.call(USER, {}, biz_content=None, **fields)


def app_token(desk: Desk, **fields: str) -> dict:
    return desk.call(APP, fields)


async def test_a_buyers_code_becomes_a_token_without_code_and_message(desk):
    back = consented(desk, "user")
    assert (back["scope"], back["state"], back["source"]) == ("auth_user", "s1", "alipay_wallet")
    token = user_token(desk, grant_type="authorization_code", code=back["auth_code"])
    assert not {"code", "msg", "sub_code"} & set(token)
    assert token["user_id"] == token["alipay_user_id"]
    assert token["user_id"].startswith("2088")
    again = user_token(desk, grant_type="authorization_code", code=back["auth_code"])
    assert (again["code"], again["sub_code"]) == ("40002", "isv.code-invalid")


async def test_a_refresh_token_gives_another_token_once(desk):
    first = user_token(desk, grant_type="authorization_code", code=consented(desk, "user")["auth_code"])
    second = user_token(desk, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second["user_id"] == first["user_id"]
    assert second["access_token"] != first["access_token"]
    again = user_token(desk, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again["sub_code"] == "isv.code-invalid"


@pytest.mark.parametrize("fields", [{}, {"grant_type": "password"}, {"grant_type": "authorization_code"}])
async def test_a_request_that_makes_no_sense_is_a_bad_parameter(desk, fields):
    assert user_token(desk, **fields)["sub_code"] == "isv.invalid-parameter"


async def test_a_code_lives_ten_minutes(desk):
    code = consented(desk, "user")["auth_code"]
    await desk.schedule.advance(600)
    assert user_token(desk, grant_type="authorization_code", code=code)["sub_code"] == "isv.code-invalid"


async def test_a_merchants_consent_lets_a_service_provider_call(desk):
    code = consented(desk, "app")["app_auth_code"]
    assert user_token(desk, grant_type="authorization_code", code=code)["sub_code"] == "isv.code-invalid"
    code = consented(desk, "app")["app_auth_code"]
    token = app_token(desk, grant_type="authorization_code", code=code)
    assert (token["code"], token["auth_app_id"]) == ("10000", desk.merchant.app_id)
    assert token["tokens"][0]["app_auth_token"] == token["app_auth_token"]
    calls = {"app_auth_token": token["app_auth_token"]}
    assert desk.call("alipay.trade.query", {"out_trade_no": "o1"}, **calls)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    await desk.schedule.advance(366 * 86_400)
    late = desk.call("alipay.trade.query", {"out_trade_no": "o1"}, **calls)
    assert (late["code"], late["sub_code"]) == ("20001", "aop.app-auth-token-time-out")


async def test_a_token_that_nobody_granted_is_refused(desk):
    answer = desk.call("alipay.trade.query", {"out_trade_no": "o1"}, app_auth_token="made-up")
    assert (answer["code"], answer["sub_code"]) == ("20001", "aop.invalid-app-auth-token")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("app_id=2021000000000000&redirect_uri=" + BACK, "invalid-app-id"),
        ("app_id={app}&redirect_uri=javascript:alert(1)", "invalid-parameter"),
        ("app_id={app}&redirect_uri=http://x/%0d%0aSet-Cookie:a", "invalid-parameter"),
    ],
)
async def test_a_consent_page_sends_nobody_to_nonsense(desk, query, code):
    target = "/oauth2/publicAppAuthorize.htm?" + query.replace("{app}", desk.merchant.app_id)
    reply = desk.read(RawRequest("GET", target, (), b"")).perform()
    assert (reply.status, f"<code>{code}</code>" in reply.body.decode("gbk")) == (200, True)


async def test_a_certificate_is_had_by_its_number(desk):
    number = (desk.merchant.directory / "alipay" / "alipay_cert_sn").read_text()
    method = "alipay.open.app.alipaycert.download"
    content = desk.call(method, {"alipay_cert_sn": number})["alipay_cert_content"]
    assert certificate_sn(x509.load_pem_x509_certificate(base64.b64decode(content))) == number
    assert desk.call(method, {"alipay_cert_sn": "0"})["sub_code"] == "isv.alipay-cert-not-exist"
    assert desk.call(method, {})["sub_code"] == "isv.invalid-parameter"


async def test_oauth_answers_are_signed_under_their_own_name(desk):
    reply = desk.read(post(desk.merchant.signed(USER, "", grant_type="x"))).perform()
    assert list(json.loads(reply.body)) == ["alipay_system_oauth_token_response", "sign"]
