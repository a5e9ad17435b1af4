"""
Mutated requests to OpenAPI v3, before signing and after it: always JSON that says a code, and never a fen moved by accident.
"""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_providers.alipay.v3.paths import PATHS
from mock_providers.core.plans import AnswerShape
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.alipay_desk import Desk
from tests.unit.mock_providers.test_alipay_bad_input import ODD_BYTES, ODD_TEXTS, ODD_VALUES
from tests.unit.mock_providers.v3_merchant import JSON_TYPE, Request, V3Merchant

pytestmark = pytest.mark.asyncio

PATH_TEXTS = st.one_of(st.sampled_from(sorted(PATHS)), st.just("/v3/alipay/trade/%00"), st.just("/v3/"))
FIELDS = st.sampled_from(
    ["out_trade_no", "refund_amount", "total_amount", "subject", "notify_url", "auth_code", "code"]
)
BODIES = st.one_of(
    st.dictionaries(FIELDS, ODD_VALUES, max_size=5), st.sampled_from(["", "[]", "{", '"x"', "NaN", "{}"])
)
AUTHS = st.dictionaries(
    st.sampled_from(["app_id", "nonce", "timestamp", "app_cert_sn", "expired_seconds", "x"]),
    st.one_of(st.none(), ODD_TEXTS.filter(lambda text: "\n" not in text)),
    max_size=2,
)
HEADERS = st.sampled_from(
    [(JSON_TYPE,), (), (("content-type", "text/xml"),), (("alipay-encrypt-type", "AES"),), (("content-type", "\xff"),)]
)
MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)


def judged(desk: Desk, request: RawRequest) -> bool:
    """Whether the request was admitted; whatever it was, its answer is well formed."""
    call = desk.read(request)
    reply = call.perform()
    told = json.loads(reply.body)
    assert (reply.status >= 400) == ("code" in told and "message" in told)
    assert reply.status in {200, 400, 401, 403, 404, 429, 500}
    assert isinstance(told, dict)
    return call.signature_ok is True


def paid(desk: Desk) -> object:
    desk.book.clear()
    desk.labels.forget()
    trade = desk.paid("paid")
    return trade.state, trade.paid_fen, trade.refunded_fen


@MANY
@given(path=PATH_TEXTS, method=st.sampled_from(["GET", "POST", "PUT"]), body=BODIES, auth=AUTHS, headers=HEADERS)
async def test_what_is_signed_is_answered_whatever_it_says(desk: Desk, path, method, body, auth, headers):
    before = paid(desk)
    text = body if isinstance(body, str) else json.dumps(body, default=str)
    request = Request(path=path, method=method, body=text, auth=auth, headers=headers, signs=_without_surrogates)
    judged(desk, request.sent(V3Merchant(desk.merchant.directory)))
    trade = desk.trade("paid")
    assert (trade.state, trade.paid_fen, trade.refunded_fen) == before


def _without_surrogates(text: str) -> bytes:
    return text.encode("utf-8", "replace")


@MANY
@given(where=st.integers(0, 2000), raw=ODD_BYTES, part=st.sampled_from(["body", "target", "authorization"]))
async def test_what_is_damaged_on_its_way_moves_nothing(desk: Desk, where, raw, part):
    before = paid(desk)
    body = {"out_trade_no": "paid", "refund_amount": "0.50", "out_request_no": "r1"}
    sent = Request(path="/v3/alipay/trade/refund", body=body).sent(V3Merchant(desk.merchant.directory))
    damaged = _damaged(sent, where, raw, part=part)
    if damaged != sent:
        judged(desk, damaged)
        trade = desk.trade("paid")
        # A nonce or a field that nobody signs cannot be damaged: the header's text is signed as it stands.
        assert (trade.state, trade.paid_fen, trade.refunded_fen) == before


def _damaged(sent: RawRequest, where: int, raw: bytes, *, part: str) -> RawRequest:
    if part == "body":
        place = where % (len(sent.body) + 1)
        return replace(sent, body=sent.body[:place] + raw + sent.body[place:])
    text = raw.decode("latin-1").replace("\r", "").replace("\n", "").replace("#", "")
    if part == "target":
        place = 1 + where % (len(sent.target) - 1)
        return replace(sent, target=sent.target[:place] + text + sent.target[place:])
    headers = tuple(
        (name, _in_the_middle(value, where, text)) if name == "Authorization" else (name, value)
        for name, value in sent.headers
    )
    return replace(sent, headers=headers)


def _in_the_middle(value: str, where: int, text: str) -> str:
    """Inside what is signed; spaces around it are no part of it."""
    start, end = value.index("app_id"), value.index(",sign=")
    place = start + 1 + where % (end - start - 1)
    return value[:place] + text + value[place:] if text.strip() else value


async def test_every_fault_on_every_path_is_well_formed(desk: Desk):
    merchant = V3Merchant(desk.merchant.directory)
    for path, (method, name) in PATHS.items():
        for word in ("system_error", "busy", "in_process", "SOMETHING_NEW"):
            for work in (True, False):
                sent = Request(path=path, method=method, body={"out_trade_no": "o1"}).sent(merchant)
                reply = desk.read(sent).perform(AnswerShape(refuse=word, work=work))
                assert isinstance(json.loads(reply.body), dict), name
