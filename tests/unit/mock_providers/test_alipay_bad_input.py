"""
Mutated requests, before signing and after it: always an answer in the vendor's words, and never a fen moved by accident.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_providers.core.journal import RawRequest
from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, Desk

pytestmark = pytest.mark.asyncio

BUSINESS = {
    "precreate": {"out_trade_no": "new", "total_amount": "1.23", "subject": "打赏 pp000002"},
    "query": {"out_trade_no": "paid"},
    "refund": {"out_trade_no": "paid", "refund_amount": "0.50", "out_request_no": "r1", "refund_reason": "x"},
    "fastpay.refund.query": {"out_trade_no": "paid", "out_request_no": "r1"},
}
CODES = {"10000", "40001", "40002", "40004"}
ODD_TEXTS = st.sampled_from(
    [
        *["", " ", "\0", "\r\n", "%", "%zz", "+", "&", "=", "{", "}", "🌹", "\ufffd", "\ue07b", "null", "NaN", "-0"],
        *["9" * 40, "0.001", "-1", "1.2.3", "٣", "1e9999", "1.00", "x" * 5000, "<script>", "paid", "15d", "1c"],
        *["2026-02-30 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00"],
        *["GBK", "utf-16", "utf-8\0", "RSA", "rsa2", "alipay.trade.pay"],
    ]
)
ODD_VALUES = st.one_of(
    ODD_TEXTS,
    st.text(max_size=20),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, 1e300, -1, [], {}, [[]], {"a": {"b": []}}, ["x"] * 50]),
)
ODD_BYTES = st.one_of(
    st.sampled_from(
        [b"%", b"%zz", b"%00", b"\0", b"\xff\xfe", b"&", b"&&=", b"=", b"+", b"%E6%89", b"\xb4\xf2", b"\r\n", b";"]
    ),
    st.binary(max_size=8),
)


@dataclass
class Mutation:
    """
    Where, and with what; *where* is taken modulo what there is.
    """

    kind: str
    where: int
    value: object
    raw: bytes

    def on_business(self, fields: dict[str, object]) -> object:
        name = sorted(fields)[self.where % len(fields)]
        if self.kind == "drop":
            return {key: one for key, one in fields.items() if key != name}
        if self.kind == "add":
            return {**fields, str(self.value): self.value}
        if self.kind == "nest":
            return json.loads("[" * 200 + "]" * 200) if self.where % 2 else {**fields, name: [self.value]}
        return {**fields, name: self.value}

    def on_common(self, params: dict[str, str]) -> dict[str, str]:
        name = sorted(params)[self.where % len(params)]
        if self.kind == "drop":
            return {key: one for key, one in params.items() if key != name}
        extra = {"add": f"{name}x", "nest": "encrypt_type"}.get(self.kind, name)
        return {**params, extra: str(self.value).encode("utf-8", "replace").decode()}

    def on_bytes(self, body: bytes) -> bytes:
        place = self.where % (len(body) + 1)
        if self.kind == "drop":
            return body[:place] + body[place + 1 + len(self.raw) :]
        if self.kind == "add":
            return body + b"&" + body[place:]
        if self.kind == "nest":
            return body[place:] + b"&" + body[:place]
        return body[:place] + self.raw + body[place:]


def mutations() -> st.SearchStrategy[Mutation]:
    kinds = st.sampled_from(["change", "drop", "add", "nest"])
    return st.builds(Mutation, kinds, st.integers(0, 10_000), ODD_VALUES, ODD_BYTES)


def money(desk: Desk) -> object:
    trade = desk.trade("paid")
    return trade.state, trade.paid_fen, trade.refunded_fen, sorted(trade.refunds)


def verdict(desk: Desk, request: RawRequest) -> tuple[str, bool]:
    """
    The code of the answer, and whether it was admitted; the answer must be well formed and, where signed, genuine.
    """
    call = desk.read(request)
    reply = call.perform()
    assert reply.status == 200
    codec = dict(reply.headers)["Content-Type"].partition("charset=")[2]
    body = json.loads(reply.body.decode(codec))
    key = next(iter(body))
    assert list(body) in ([key, "sign"], [key])
    if "sign" in body:
        _genuine(desk, reply.body, key, codec=codec)
    inner = body[key]
    assert inner["code"] in CODES
    assert (inner["code"] == "10000") == ("sub_code" not in inner)
    return inner["code"], call.signature_ok is True


def _genuine(desk: Desk, body: bytes, key: str, *, codec: str) -> None:
    """
    Signed as it was asked, or by the newer way where what was asked for is no way at all.
    """
    with suppress(InvalidSignature):
        desk.merchant.opened(body, key, codec=codec)
        return
    desk.merchant.opened(body, key, codec=codec, sign_type="RSA")


def fresh(desk: Desk) -> None:
    desk.book.clear()
    desk.labels.forget()
    desk.paid("paid")


MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=500)


@MANY
@given(
    st.sampled_from(sorted(BUSINESS)), st.lists(mutations(), min_size=1, max_size=3), st.lists(mutations(), max_size=2)
)
async def test_what_is_mutated_before_signing_is_judged_on_its_merits(desk, name, business, common):
    fields = BUSINESS[name]
    fresh(desk)
    for one in business:
        fields = one.on_business(fields) if isinstance(fields, dict) and fields else fields
    params = desk.merchant.signed(f"alipay.trade.{name}", json.dumps(fields), notify_url=NOTIFY_URL)
    for one in common:
        params = one.on_common(params) if params else params
    params.pop("sign", None)
    signed: dict[str, str | None] = {**params}
    params = desk.merchant.signed(params.get("method", ""), params.get("biz_content", ""), **_named(signed))
    before = money(desk)
    code, admitted = verdict(desk, post_raw(urlencode(params, errors="replace").encode()))
    assert admitted or code != "10000"
    if name != "refund" or code != "10000":
        assert money(desk) == before
    else:
        assert 0 < desk.trade("paid").refunded_fen <= 123


def _named(params: dict[str, str | None]) -> dict[str, str | None]:
    missing = dict.fromkeys(
        ["app_id", "method", "format", "charset", "sign_type", "timestamp", "version", "biz_content"]
    )
    return {name: value for name, value in {**missing, **params}.items() if name.isidentifier() and name != "sign"}


@MANY
@given(st.sampled_from(sorted(BUSINESS)), st.lists(mutations(), min_size=1, max_size=3))
async def test_what_is_mutated_after_signing_moves_nothing(desk, name, wounds: Sequence[Mutation]):
    fresh(desk)
    params = desk.merchant.signed(f"alipay.trade.{name}", BUSINESS[name], notify_url=NOTIFY_URL)
    body = urlencode(params).encode()
    for one in wounds:
        body = one.on_bytes(body)
    before = money(desk)
    code, admitted = verdict(desk, post_raw(body))
    if not admitted:
        assert code != "10000"
        assert money(desk) == before
    else:
        # Still the same parameters, written otherwise; or first of two.
        assert desk.trade("paid").refunded_fen in {0, 50}


def post_raw(body: bytes) -> RawRequest:
    return RawRequest("POST", "/gateway.do", (("Content-Type", "application/x-www-form-urlencoded"),), body)
