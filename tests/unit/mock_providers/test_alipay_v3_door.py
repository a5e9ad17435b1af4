"""
What OpenAPI v3 refuses before it looks at business, and in which order.
"""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mock_providers.alipay.v3.authorization import origin_form, read_authorization, request_text
from mock_providers.alipay.v3.nonces import Nonces
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.alipay_desk import Desk
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.v3_merchant import JSON_TYPE, NOW_MS, Request, V3Merchant

MINUTE_MS = 60_000


@pytest.fixture
def merchant(credentials_dir: Path) -> V3Merchant:
    return V3Merchant(credentials_dir)


def code(desk: Desk, request: RawRequest) -> tuple[int, str, bool]:
    reply = desk.read(request).perform()
    return reply.status, json.loads(reply.body)["code"], "alipay-signature" in dict(reply.headers)


RIGHT = Request()
# What is wrong with the request, and what it is told; the earlier check wins where two things are wrong.
REFUSED = {
    "a timestamp that is missing": (Request(auth={"timestamp": None}), 400, "missing-timestamp"),
    "no app id": (Request(auth={"app_id": None}), 400, "missing-app-id"),
    "a stranger's app id": (Request(auth={"app_id": "2021"}), 400, "invalid-app-id"),
    "a stranger, and signed wrongly": (
        Request(auth={"app_id": "2021"}, signs=lambda _: "x"), 400, "invalid-app-id",
    ),
    "another algorithm": (Request(scheme="ALIPAY-SM2withSM3"), 400, "invalid-signature-type"),
    "no nonce": (Request(auth={"nonce": None}), 400, "invalid-parameter"),
    "a wrong signature": (Request(signs=lambda _: "x"), 400, "invalid-signature"),
    "a wrong signature, and stale": (
        Request(signs=lambda _: "x", auth={"timestamp": "1"}), 400, "invalid-signature",
    ),
    "eleven minutes old": (Request(auth={"timestamp": str(NOW_MS - 11 * MINUTE_MS)}), 400, "illegal-timestamp"),
    "eleven minutes ahead": (Request(auth={"timestamp": str(NOW_MS + 11 * MINUTE_MS)}), 400, "illegal-timestamp"),
    "older than it may by its own word": (
        Request(auth={"timestamp": str(NOW_MS - 3 * MINUTE_MS), "expired_seconds": "120"}), 400, "illegal-timestamp",
    ),
    "a timestamp in words": (Request(auth={"timestamp": "2026-01-02 03:04:05"}), 400, "invalid-timestamp"),
    "a timestamp beyond time": (Request(auth={"timestamp": "9" * 40}), 400, "invalid-timestamp"),
    "no such path": (Request(path="/v3/alipay/trade/nothing"), 404, "invalid-method"),
    "GET for POST": (Request(method="GET"), 400, "invalid-http-method"),
    "a form": (
        Request(headers=(("content-type", "application/x-www-form-urlencoded"),)), 400, "invalid-content-type",
    ),
    "no JSON": (Request(body="{"), 400, "illegal-json"),
    "a list": (Request(body="[]"), 400, "illegal-json"),
    "a token that nobody granted": (Request(token="201509BB"), 401, "invalid-app-auth-token"),
    "another root": (
        Request(auth={"app_cert_sn": "0"}, headers=(JSON_TYPE, ("alipay-root-cert-sn", "1"))), 400, "app-cert-not-exist",
    ),
    "an unknown certificate": (Request(auth={"app_cert_sn": "0"}), 400, "app-cert-not-exist"),
    "a root alone": (Request(headers=(JSON_TYPE, ("alipay-root-cert-sn", "1"))), 400, "missing-app-cert-sn"),
}  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("wrong", REFUSED)
async def test_what_is_wrong_is_told_by_status_and_code(desk: Desk, merchant: V3Merchant, wrong: str):
    request, status, told = REFUSED[wrong]
    assert code(desk, request.sent(merchant))[:2] == (status, told)


@pytest.mark.asyncio
@pytest.mark.parametrize("header", ["", "Bearer abc", "ALIPAY-SHA256withRSA", "ALIPAY-SHA256withRSA ,,,=,", "é"])
async def test_no_authorization_or_a_broken_one_is_missed_for_its_timestamp(desk: Desk, header: str):
    headers = (("Authorization", header),) if header else ()
    told = code(desk, RawRequest("POST", "/v3/alipay/trade/query", headers, b"{}"))
    assert told == (400, "missing-timestamp", False)


@pytest.mark.asyncio
async def test_a_known_application_is_refused_with_a_signature_and_a_stranger_without(desk: Desk, merchant: V3Merchant):
    assert code(desk, replace(RIGHT, signs=lambda _: "x").sent(merchant))[2]
    assert not code(desk, replace(RIGHT, auth={"app_id": "2021"}).sent(merchant))[2]


@pytest.mark.asyncio
async def test_a_nonce_is_good_once(desk: Desk, merchant: V3Merchant):
    once = replace(RIGHT, auth={"nonce": "n-once"}).sent(merchant)
    assert [code(desk, once)[1] for _ in range(2)] == ["ACQ.TRADE_NOT_EXIST", "invalid-parameter"]


@pytest.mark.asyncio
async def test_nine_minutes_are_fine_either_way_and_so_are_more_fields_in_any_order(desk: Desk, merchant: V3Merchant):
    for drift in (-9, 9):
        aside: dict[str, str | None] = {
            "timestamp": str(NOW_MS + drift * MINUTE_MS),
            "expired_seconds": "600",
            "room": "1",
        }
        assert code(desk, replace(RIGHT, auth=aside).sent(merchant))[1] == "ACQ.TRADE_NOT_EXIST"


@pytest.mark.asyncio
async def test_a_whole_url_and_a_query_are_signed_as_they_stand(desk: Desk, merchant: V3Merchant):
    asked = Request(path="/v3/alipay/fund/trans/common/query?out_biz_no=a%20b&x=%E6%89%93", method="GET")
    sent = asked.sent(merchant)
    assert desk.read(sent).signature_ok
    assert desk.read(replace(sent, target=f"http://somewhere:80{asked.path}")).signature_ok


@pytest.mark.asyncio
async def test_the_data_of_a_multipart_body_are_what_is_signed(desk: Desk, merchant: V3Merchant):
    data = '{"out_trade_no":"o1"}'
    sent = Request(body=data, headers=(("Content-Type", "multipart/form-data; boundary=b"),)).sent(merchant)
    part = 'Content-Disposition: form-data; name="data"\r\nContent-Type: application/json\r\n\r\n'
    file = 'Content-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n\x89PNG'
    body = f"--b\r\n{part}{data}\r\n--b\r\n{file}\r\n--b--\r\n".encode("latin-1")
    assert code(desk, replace(sent, body=body))[1] == "ACQ.TRADE_NOT_EXIST"


def test_a_header_is_taken_apart_without_touching_what_is_signed():
    found = read_authorization("ALIPAY-SHA256withRSA timestamp=2, nonce=a=b,app_id=1,sign=x=/+=")
    assert found.text == "timestamp=2, nonce=a=b,app_id=1"
    assert (found.field("nonce"), found.field("app_id"), found.signature) == ("a=b", "1", "x=/+=")


def test_the_text_has_a_line_for_each_part_and_the_token_only_where_there_is_one():
    assert request_text("a=1", "GET", target="/v3/x?y=1", body=b"") == b"a=1\nGET\n/v3/x?y=1\n\n"
    assert request_text("a=1", "POST", target="/v3/x", body=b"{}", app_auth_token="t") == b"a=1\nPOST\n/v3/x\n{}\nt\n"


@pytest.mark.parametrize(
    ("target", "origin"),
    [("/v3/x?a=1#b", "/v3/x?a=1"), ("http://h:80/v3/x", "/v3/x"), ("https://h", "/"), ("v3", "/v3"), ("/x?", "/x?")],
)
def test_the_target_is_path_and_query(target: str, origin: str):
    assert origin_form(target) == origin


def test_nonces_are_forgotten_when_their_requests_are_stale_and_never_fill_the_machine():
    nonces = Nonces(kept_max=100)
    assert nonces.first_use("app", "n", until=T0 + timedelta(minutes=10), now=T0)
    assert nonces.first_use("another app", "n", until=T0, now=T0)
    assert not nonces.first_use("app", "n", until=T0 + timedelta(minutes=15), now=T0 + timedelta(minutes=9))
    assert nonces.first_use("app", "n", until=T0 + timedelta(minutes=30), now=T0 + timedelta(minutes=20))
    assert len(nonces) == 1
    for number in range(500):
        at = T0 + timedelta(minutes=20 + number % 5)
        nonces.first_use("app", str(number), until=at, now=T0 + timedelta(minutes=20))
    assert len(nonces) <= 101
