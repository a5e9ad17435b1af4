"""What codes mean, over both interfaces, and answers of OpenAPI v3 that nobody should believe."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.world.virtual_clock import VirtualClock
from reference_gateway.channels.alipay.answers import DONE, v2_answer, v3_answer
from reference_gateway.channels.alipay.certificates import Certificates, certificates
from reference_gateway.channels.alipay.content import ContentCipher, content_key
from reference_gateway.channels.alipay.http import HttpReply
from reference_gateway.channels.alipay.merchant import AlipayMerchant
from reference_gateway.channels.alipay.openapi import V3Caller, answer_text
from reference_gateway.channels.alipay.signing import PlatformKeys
from reference_gateway.errors import (
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    SettingsRefused,
    SignatureRejected,
)
from reference_gateway.ids import SeededIds

OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT = rsa.generate_private_key(public_exponent=65537, key_size=2048)
REFUSAL = {"code": "ACQ.TRADE_NOT_EXIST", "message": "no", "links": []}


@pytest.mark.parametrize(
    ("code", "sub_code", "error"),
    [
        ("40004", "ACQ.TOTAL_FEE_EXCEED", ChannelRefused),
        ("40004", "PAYEE_NOT_EXIST", ChannelRefused),
        ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", ChannelUnavailable),
        ("40004", "PAYER_BALANCE_NOT_ENOUGH", ChannelUnavailable),
        ("40004", "SYSTEM_ERROR", ChannelOutcomeUnknown),
        ("40004", "AQC.SYSTEM_ERROR", ChannelOutcomeUnknown),
        ("20000", "aop.unknow-error", ChannelOutcomeUnknown),
        ("20001", "aop.invalid-app-auth-token", ChannelUnavailable),
        ("40006", "isv.insufficient-isv-permissions", ChannelUnavailable),
        ("10003", "", ChannelOutcomeUnknown),
        ("None", "", ChannelOutcomeUnknown),
    ],
)
def test_codes_of_v2_are_sorted(code, sub_code, error):
    with pytest.raises(error) as caught:
        v2_answer({"code": code, "sub_code": sub_code}).require_done()
    assert caught.value.reason == (sub_code or code)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (202, "", ChannelOutcomeUnknown),
        (400, "ACQ.TRADE_HAS_CLOSE", ChannelRefused),
        (400, "ACQ.SYSTEM_ERROR", ChannelOutcomeUnknown),
        (400, "ACQ.SELLER_BALANCE_NOT_ENOUGH", ChannelUnavailable),
        (400, "invalid-signature", ChannelUnavailable),
        (400, "", ChannelOutcomeUnknown),
        (401, "invalid-app-auth-token", ChannelUnavailable),
        (404, "invalid-method", ChannelUnavailable),
        (429, "app-call-limited", ChannelUnavailable),
        (500, "unknow-error", ChannelOutcomeUnknown),
        (502, "", ChannelOutcomeUnknown),
    ],
)
def test_statuses_and_codes_of_v3_are_sorted(status, code, error):
    with pytest.raises(error):
        v3_answer(status, {"code": code}).require_done()


@pytest.mark.parametrize("status", [200, 204])
def test_a_success_of_v3_is_done(status):
    assert v3_answer(status, {}).code == DONE


class Wire:
    """Remembers what was sent and answers what it is told."""

    def __init__(self, reply: HttpReply) -> None:
        self.reply = reply
        self.sent: list[tuple[str, str, bytes | None, Mapping[str, str]]] = []

    async def send(self, method, url, *, body=None, headers=None):
        self.sent.append((method, str(url), body, headers))
        return self.reply


def merchant(**changes: Any) -> AlipayMerchant:
    values: dict[str, Any] = {
        "gateway_url": "http://127.0.0.1:9/gateway.do",
        "app_id": "2021",
        "seller_id": "2088",
        "private_key": OURS,
        "alipay_public_key": THEIRS.public_key(),
        "v3_url": "http://127.0.0.1:9",
    }
    return AlipayMerchant(**{**values, **changes})


def raw_signature(text: bytes, key: rsa.RSAPrivateKey) -> bytes:
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def signed(body: bytes, *, status: int = 200, key: rsa.RSAPrivateKey = THEIRS, serial: str = "") -> HttpReply:
    signature = base64.b64encode(raw_signature(answer_text("1700000000000", "n1", body), key)).decode()
    told = {"alipay-timestamp": "1700000000000", "alipay-nonce": "n1", "alipay-signature": signature}
    return HttpReply(status, {**told, "alipay-sn": serial}, body)


async def call(
    reply: HttpReply, own: AlipayMerchant | None = None, method: str = "alipay.trade.query", **business: str
):
    own = own or merchant()
    by_serial = own.certificates.alipay_keys if own.certificates else {}
    wire = Wire(reply)
    clock = VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    caller = V3Caller(
        own,
        clock=clock,
        ids=SeededIds(1),
        http=wire,  # type: ignore[arg-type]
        keys=PlatformKeys(own.alipay_public_key, by_serial),
    )
    return await caller(method, business or {"out_trade_no": "G1"}, notify_url=""), wire


@pytest.mark.asyncio
async def test_a_get_carries_its_fields_in_the_target_and_no_body():
    method = "alipay.fund.trans.common.query"
    _, wire = await call(signed(b"{}"), method=method, out_biz_no="a b&c", biz_scene="X")
    sent = wire.sent[0]
    assert sent[:3] == (
        "GET",
        "http://127.0.0.1:9/v3/alipay/fund/trans/common/query?out_biz_no=a%20b%26c&biz_scene=X",
        None,
    )
    assert "content-type" not in sent[3]
    assert sent[3]["authorization"].startswith("ALIPAY-SHA256withRSA app_id=2021,nonce=n")


@pytest.mark.asyncio
async def test_a_signed_refusal_is_believed():
    answer, _ = await call(signed(json.dumps(REFUSAL).encode(), status=400))
    assert (answer.code, answer.sub_code) == ("40004", "ACQ.TRADE_NOT_EXIST")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "spoil",
    [
        lambda reply: HttpReply(reply.status, {}, reply.body),
        lambda reply: HttpReply(reply.status, {**reply.headers, "alipay-nonce": "n2"}, reply.body),
        lambda reply: HttpReply(reply.status, {**reply.headers, "alipay-signature": "no!"}, reply.body),
        lambda reply: HttpReply(reply.status, reply.headers, reply.body + b" "),
        lambda reply: signed(reply.body, key=OURS),
        lambda _: signed(b"[]"),
        lambda _: signed(b"<html>"),
        lambda _: signed(b"\xff"),
        lambda _: signed(b"[" * 9000),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_what_is_not_signed_as_it_came_is_an_unknown_outcome(spoil: Callable[[HttpReply], HttpReply], status):
    with pytest.raises(ChannelOutcomeUnknown):
        await call(spoil(signed(json.dumps(REFUSAL).encode(), status=status)))


@pytest.mark.asyncio
async def test_too_many_calls_did_nothing_signed_or_not():
    with pytest.raises(ChannelUnavailable):
        await call(HttpReply(429, {}, b""))


@pytest.mark.asyncio
async def test_a_certificate_that_is_not_here_is_not_believed():
    held = Certificates("app-sn", "root-sn", {"now": THEIRS.public_key()})
    own = merchant(certificates=held, alipay_public_key=None)
    _, wire = await call(signed(b"{}", serial="now"), own)
    assert wire.sent[0][3]["alipay-root-cert-sn"] == "root-sn"
    assert ",app_cert_sn=app-sn," in "".join(wire.sent[0][3]["authorization"].split(" ")[1]).replace("app_id=2021", "")
    for serial in ("next", ""):
        with pytest.raises(ChannelOutcomeUnknown, match="which is not here"):
            await call(signed(b"{}", key=NEXT, serial=serial), own)


@pytest.mark.asyncio
async def test_ciphertext_is_read_and_what_is_none_is_unknown():
    cipher = ContentCipher(content_key("MDEyMzQ1Njc4OWFiY2RlZg=="))
    own = merchant(cipher=cipher)
    answer, wire = await call(signed(cipher.encrypt('{"trade_no":"T"}').encode()), own)
    assert answer.get("trade_no") == "T"
    assert wire.sent[0][2] == cipher.encrypt('{"out_trade_no":"G1"}').encode()
    for text in (cipher.encrypt("[]"), cipher.encrypt("{"), "AAAA", "no base64!"):
        with pytest.raises(ChannelOutcomeUnknown):
            await call(signed(text.encode()), own)


def test_a_notify_may_be_signed_with_any_certificate_in_use():
    keys = PlatformKeys(None, {"now": THEIRS.public_key(), "next": NEXT.public_key()})
    for key in (THEIRS, NEXT):
        keys.verify_notify(b"x", raw_signature(b"x", key))
    for stranger in (keys, PlatformKeys(None, {})):
        with pytest.raises(SignatureRejected):
            stranger.verify_notify(b"x", raw_signature(b"x", OURS))


@pytest.mark.parametrize("text", ["no base64!", "AAAA", ""])
def test_a_content_key_that_is_none_is_a_matter_of_settings(text):
    with pytest.raises(SettingsRefused):
        content_key(text)


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"-----BEGIN PUBLIC KEY-----"]
)
def test_a_certificate_file_that_is_none_is_a_matter_of_settings(pem):
    with pytest.raises(SettingsRefused):
        certificates(pem, pem, [pem])
