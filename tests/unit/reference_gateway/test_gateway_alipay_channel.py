"""The Alipay channel against a server that answers as it is told, and against signatures made by openssl."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from reference_gateway.channels.alipay import AlipayChannel, AlipayMerchant
from reference_gateway.channels.alipay.signing import (
    RsaVerifier,
    load_private_key,
    load_public_key,
    open_envelope,
    request_text,
    sign,
)
from reference_gateway.channels.port import Opening, OpeningState, PayRequest, RefundState, TradeState
from reference_gateway.domain.notice import NoticeKind
from reference_gateway.errors import (
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    GatewayError,
    NotifyRefused,
    SettingsRefused,
    SignatureRejected,
)
from tests.contract.samples import payment, refund

VECTORS = Path(__file__).parents[2] / "vectors"
KEYS = VECTORS / "keys"
CASES = {case["id"]: case for case in json.loads((VECTORS / "alipay/gateway_channel.json").read_text())["cases"]}
APP_KEY = load_private_key((KEYS / "app_private_key.pem").read_bytes())
PLATFORM_KEY = load_private_key((KEYS / "platform_private_key.pem").read_bytes())
PLATFORM_PUBLIC = load_public_key((KEYS / "platform_public_key.pem").read_bytes())
SIGNED = RsaVerifier(load_public_key((KEYS / "app_public_key.pem").read_bytes()))
ORDER = payment(subject="打赏 pp000001")
GOOD_QR = {"code": "10000", "msg": "Success", "out_trade_no": "G1", "qr_code": "https://qr.alipay.com/bax1"}

Answer = Callable[[str, dict[str, str]], web.StreamResponse]


def merchant(url: str = "http://127.0.0.1:9/gateway.do") -> AlipayMerchant:
    return AlipayMerchant(url, "2021000000000001", "2088000000000001", APP_KEY, PLATFORM_PUBLIC)


@asynccontextmanager
async def channel(answer: Answer, seen: list[dict[str, str]] | None = None) -> AsyncIterator[AlipayChannel]:
    async def handle(request: web.Request) -> web.StreamResponse:
        fields = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        if seen is not None:
            seen.append(fields)
        return answer(fields["method"], fields)

    application = web.Application()
    application.router.add_post("/gateway.do", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/gateway.do"
    own = AlipayChannel(merchant(url), clock=VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC)), timeout_s=2)
    await own.start()
    try:
        yield own
    finally:
        await own.stop()
        await runner.cleanup()


def enveloped(method: str, inner: str, signature: str | None) -> web.Response:
    tail = "" if signature is None else f',"sign":"{signature}"'
    return web.Response(text=f'{{"{method.replace(".", "_")}_response":{inner}{tail}}}', content_type="text/html")


def answering(**fields: Any) -> Answer:
    inner = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return lambda method, _: enveloped(method, inner, sign(inner, PLATFORM_KEY))


def run(answer: Answer, story: Callable[[AlipayChannel], Any], seen: list[dict[str, str]] | None = None) -> Any:
    async def told() -> Any:
        async with channel(answer, seen) as own:
            return await story(own)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(told())


def create(own: AlipayChannel) -> Any:
    return own.pay(ORDER, PayRequest(notify_url="http://127.0.0.1:8000/notify/alipay", ttl_s=900))


def test_the_request_carries_what_openssl_signed():
    seen: list[dict[str, str]] = []
    assert run(answering(**GOOD_QR), create, seen) == Opening(OpeningState.READY, {"qr_code": GOOD_QR["qr_code"]})
    assert request_text(seen[0]) == CASES["precreate-request"]["text"]
    assert seen[0]["sign"] == CASES["precreate-request"]["sign"]


@pytest.mark.parametrize("name", ["precreate-answer-with-escaped-slashes", "system-error-answer"])
def test_an_answer_signed_by_openssl_is_cut_out_and_verified(name):
    case = CASES[name]
    key = f"{case['method'].replace('.', '_')}_response"
    for text in (
        f'{{"{key}":{case["text"]},"sign":"{case["sign"]}"}}',
        f' {{ "sign" : "{case["sign"]}" , "{key}" :\n {case["text"]} }} ',
    ):
        envelope = open_envelope(text, key)
        assert envelope.raw == case["text"]
        RsaVerifier(PLATFORM_PUBLIC)(envelope.raw.encode(), base64.b64decode(envelope.sign or ""))


def test_escaped_slashes_are_verified_raw_and_read_decoded():
    case = CASES["precreate-answer-with-escaped-slashes"]
    answer: Answer = lambda method, _: enveloped(method, case["text"], case["sign"])  # noqa: E731
    assert run(answer, create).params == {"qr_code": "https://qr.alipay.com/bax00001"}


def test_closed_with_a_payment_date_was_paid():
    case = CASES["closed-after-payment-answer"]
    report = run(lambda method, _: enveloped(method, case["text"], case["sign"]), lambda own: own.query(ORDER))
    assert report.state is TradeState.PAID
    assert report.paid_at == datetime(2026, 11, 23, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"k":1}',
        '{"k":{}',
        '{"k":{},}',
        '{"k":{}} x',
        '{"k":{},"k":{}}',
        '{"k":7,"sign":"x"}',
        "{k:{}}",
        '{"other":{}}',
        "{" * 5000,
    ],
)
def test_what_is_no_envelope_is_refused(text):
    with pytest.raises(ValueError, match=r".") as caught:
        open_envelope(text, "k")
    assert str(caught.value)


BROKEN: list[tuple[str, Answer]] = [
    ("unsigned", lambda method, _: enveloped(method, json.dumps(GOOD_QR), None)),
    ("sign null", lambda method, _: web.Response(text=f'{{"{method.replace(".", "_")}_response":{{}},"sign":null}}')),
    ("signed by another", lambda method, _: enveloped(method, json.dumps(GOOD_QR), sign("x", APP_KEY))),
    ("sign no base64", lambda method, _: enveloped(method, json.dumps(GOOD_QR), "no!")),
    (
        "re-serialised",
        lambda m, _: enveloped(m, json.dumps(GOOD_QR, indent=1), sign(json.dumps(GOOD_QR), PLATFORM_KEY)),
    ),
    ("error_response", lambda _m, _f: web.Response(text='{"error_response":{"code":"40001"}}')),
    ("another method's", lambda _m, _f: enveloped("alipay.trade.query", "{}", sign("{}", PLATFORM_KEY))),
    ("HTML", lambda _m, _f: web.Response(text="<html>")),
    ("not UTF-8", lambda _m, _f: web.Response(body=b'{"\xff":1}')),
    ("nested without end", lambda _m, _f: web.Response(text='{"a":' + "[" * 9000)),
    ("HTTP 502", lambda _m, _f: web.Response(status=502)),
    ("HTTP 302", lambda _m, _f: web.Response(status=302, headers={"Location": "/gateway.do"})),
    ("20000", answering(code="20000", sub_code="isp.unknow-error")),
    ("system error", answering(code="40004", sub_code="ACQ.SYSTEM_ERROR")),
    ("paid already", answering(code="40004", sub_code="ACQ.TRADE_HAS_SUCCESS")),
    ("another order's", answering(**{**GOOD_QR, "out_trade_no": "G2"})),
    ("no QR code", answering(**{**GOOD_QR, "qr_code": ""})),
]


@pytest.mark.parametrize("answer", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_no_verified_answer_is_an_unknown_outcome(answer):
    with pytest.raises(ChannelOutcomeUnknown):
        run(answer, create)


@pytest.mark.parametrize(
    ("code", "sub_code", "error"),
    [
        ("40004", "ACQ.TOTAL_FEE_EXCEED", ChannelRefused),
        ("40004", "ACQ.CONTEXT_INCONSISTENT", ChannelRefused),
        ("40004", "ACQ.APPLY_PC_MERCHANT_CODE_ERROR", ChannelUnavailable),
        ("40002", "isv.invalid-signature", ChannelUnavailable),
        ("40005", "isv.app-call-limited", ChannelUnavailable),
    ],
)
def test_signed_refusals_are_told_apart(code, sub_code, error):
    with pytest.raises(error) as caught:
        run(answering(code=code, msg="no", sub_code=sub_code), create)
    assert caught.value.reason == sub_code


def test_no_connection_is_safe_to_repeat_and_silence_is_not():
    async def unreachable(own: AlipayChannel) -> None:
        nowhere = AlipayChannel(merchant(), clock=VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)))
        await nowhere.start()
        try:
            with pytest.raises(ChannelUnavailable):
                await create(nowhere)
        finally:
            await nowhere.stop()

    run(answering(**GOOD_QR), unreachable)

    def hang_up(_method: str, _fields: dict[str, str]) -> web.StreamResponse:
        raise ConnectionResetError

    with pytest.raises(ChannelOutcomeUnknown):
        run(hang_up, create)


def test_an_unscanned_code_is_missing_and_not_an_error():
    report = run(answering(code="40004", sub_code="ACQ.TRADE_NOT_EXIST"), lambda own: own.query(ORDER))
    assert report.state is TradeState.MISSING


@pytest.mark.parametrize(
    "changes", [{"trade_status": "WHAT"}, {"total_amount": "1e2"}, {"total_amount": None}, {"out_trade_no": "G2"}]
)
def test_a_query_that_cannot_be_read_is_unknown(changes):
    fields = {"code": "10000", "out_trade_no": "G1", "trade_no": "T", "total_amount": "1.00", **changes}
    fields.setdefault("trade_status", "TRADE_SUCCESS")
    with pytest.raises(ChannelOutcomeUnknown):
        run(answering(**fields), lambda own: own.query(ORDER))


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"code": "10000", "out_trade_no": "G1", "fund_change": "Y"}, RefundState.SUCCEEDED),
        ({"code": "10000", "out_trade_no": "G1", "fund_change": "N"}, RefundState.UNCONFIRMED),
        ({"code": "10000", "out_trade_no": "G1"}, RefundState.UNCONFIRMED),
    ],
)
def test_only_fund_change_says_that_money_moved(fields, state):
    assert run(answering(**fields), lambda own: own.refund(ORDER, refund(reason="why"))).state is state


@pytest.mark.parametrize("sub_code", ["ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.REFUND_CHARGE_ERROR"])
def test_a_refund_that_may_succeed_later_is_not_refused(sub_code):
    with pytest.raises(ChannelUnavailable):
        run(answering(code="40004", sub_code=sub_code), lambda own: own.refund(ORDER, refund()))


FOUND = {"code": "10000", "out_request_no": "R1", "refund_amount": "0.40", "refund_status": "REFUND_SUCCESS"}


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        (FOUND, RefundState.SUCCEEDED),
        ({"code": "10000", "msg": "Success"}, RefundState.MISSING),
        ({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}, RefundState.MISSING),
        ({"code": "40004", "sub_code": "TRADE_NOT_EXIST"}, RefundState.MISSING),
    ],
)
def test_a_refund_query_finds_or_misses(fields, state):
    assert run(answering(**fields), lambda own: own.query_refund(ORDER, refund())).state is state


@pytest.mark.parametrize("changes", [{"refund_amount": "0.41"}, {"refund_amount": "x"}, {"out_request_no": "R2"}])
def test_a_refund_query_about_something_else_is_unknown(changes):
    with pytest.raises(ChannelOutcomeUnknown):
        run(answering(**{**FOUND, **changes}), lambda own: own.query_refund(ORDER, refund()))


def notify_body(**changes: str | None) -> bytes:
    """The openssl-signed notify; with changes it is signed here, over what then stands in it."""
    case = CASES["payment-notify"]
    pairs = dict(part.split("=", 1) for part in case["text"].split("&") if "=" in part and not part.startswith("="))
    pairs["subject"] = '打赏 100%25 &=+ "q"'
    signature = case["sign"]
    if changes:
        merged = {**pairs, **changes}
        pairs = {key: value for key, value in merged.items() if value is not None}
        text = "&".join(f"{key}={pairs[key]}" for key in sorted(pairs))
        raw = PLATFORM_KEY.sign(text.encode(pairs.get("charset", "utf-8")), padding.PKCS1v15(), hashes.SHA256())
        signature = base64.b64encode(raw).decode()
    form = {**pairs, "sign_type": "RSA2", "sign": signature}
    return urlencode(form, encoding=pairs.get("charset", "utf-8")).encode()


def parse(body: bytes) -> Any:
    own = AlipayChannel(merchant(), clock=VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    return own.parse_notify({}, body)


def test_a_notify_signed_by_openssl_is_believed_with_its_unknown_fields():
    notice = parse(notify_body())
    assert (notice.kind, notice.out_trade_no, notice.amount_fen) == (NoticeKind.PAID, "G1", 100)
    assert notice.paid_at == datetime(2026, 11, 23, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"trade_status": "TRADE_FINISHED"}, NoticeKind.PAID),
        ({"trade_status": "WAIT_BUYER_PAY", "gmt_payment": None}, NoticeKind.WAITING),
        ({"trade_status": "TRADE_CLOSED", "gmt_payment": None}, NoticeKind.CLOSED),
        ({"gmt_refund": "2026-11-23 12:02:00.123", "refund_fee": "0.40", "out_biz_no": "R1"}, NoticeKind.REFUNDED),
        ({"trade_status": "TRADE_CLOSED", "refund_fee": "1.00"}, NoticeKind.REFUNDED),
        ({"body": ""}, NoticeKind.PAID),
        ({"charset": "GBK"}, NoticeKind.PAID),
        ({"total_amount": "1"}, NoticeKind.PAID),
    ],
)
def test_signed_notifies_are_told_apart(changes, kind):
    assert parse(notify_body(**changes)).kind is kind


@pytest.mark.parametrize(
    ("body", "error", "reason"),
    [
        (notify_body().replace(b"total_amount=1.0", b"total_amount=9.0"), SignatureRejected, "signature_rejected"),
        (notify_body() + b"&one_more=field", SignatureRejected, "signature_rejected"),
        (notify_body().replace(b"unheard_of=x&", b""), SignatureRejected, "signature_rejected"),
        (notify_body().replace(b"sign_type=RSA2", b"sign_type=RSA"), SignatureRejected, "signature_rejected"),
        (notify_body().partition(b"&sign=")[0], SignatureRejected, "signature_rejected"),
        (notify_body() + b"&out_trade_no=G2", NotifyRefused, "duplicate_field"),
        (notify_body(app_id="2021000000000002"), NotifyRefused, "wrong_app"),
        (notify_body(app_id=None), NotifyRefused, "wrong_app"),
        (notify_body(seller_id="2088000000000002"), NotifyRefused, "wrong_seller"),
        (notify_body(trade_status="PAID"), NotifyRefused, "malformed_notify"),
        (notify_body(total_amount="1e0"), NotifyRefused, "malformed_notify"),
        (notify_body(notify_id=None), NotifyRefused, "malformed_notify"),
        (notify_body(gmt_payment="yesterday"), NotifyRefused, "malformed_notify"),
        (notify_body(subject="\0"), NotifyRefused, "malformed_notify"),
        (b"", SignatureRejected, "signature_rejected"),
        (b"{}", NotifyRefused, "malformed_notify"),
        (b"charset=koi8-r&a=b", NotifyRefused, "bad_charset"),
        (b"charset=utf-8&a=%ff", NotifyRefused, "malformed_notify"),
        ("a=打".encode(), NotifyRefused, "malformed_notify"),
        (b"&".join(b"k%d=v" % n for n in range(300)), NotifyRefused, "malformed_notify"),
    ],
)
def test_a_bad_notify_is_refused_for_its_reason(body, error, reason):
    with pytest.raises(GatewayError) as caught:
        parse(body)
    assert (type(caught.value), caught.value.reason) == (error, reason)


def test_the_order_of_fields_on_the_wire_does_not_matter():
    pairs = parse_qsl(notify_body().decode(), keep_blank_values=True)
    assert replace(parse(urlencode(pairs[::-1]).encode()), body_digest="") == replace(
        parse(notify_body()), body_digest=""
    )


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_none_is_a_matter_of_settings(pem):
    with pytest.raises(SettingsRefused):
        load_public_key(pem)
    with pytest.raises(SettingsRefused):
        load_private_key(pem)


def test_the_public_key_may_be_bare_base64():
    pem = (KEYS / "platform_public_key.pem").read_text().splitlines()
    bare = "".join(line for line in pem if not line.startswith("-"))
    assert load_public_key(bare.encode()).public_numbers() == PLATFORM_PUBLIC.public_numbers()
