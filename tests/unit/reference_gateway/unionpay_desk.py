"""
A UnionPay of the test's own for the gateway's channel: certificates, answers signed as told, a server, notifies.

Its signing is written here from the facts, so that the gateway's never verifies its own mistakes.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from reference_gateway.channels.port import PayRequest
from reference_gateway.channels.unionpay.certificates import Chain, signed_by_rsa
from reference_gateway.channels.unionpay.channel import UnionPayChannel
from reference_gateway.channels.unionpay.keys import RsaIdentity
from reference_gateway.channels.unionpay.merchant import UnionPayMerchant
from reference_gateway.channels.unionpay.sensitive import EncryptionKeys, rsa_recipient
from reference_gateway.channels.unionpay.signing import KeyedSigning, RsaSigning, Signing
from reference_gateway.clock import Clock
from tests.contract.samples import payment
from tests.cross.known_answers import private_key

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MER_ID = "777290058110048"
SECURE_KEY = "88888888"
LEAF_NAME = "041@8310000000083040@中国银联股份有限公司@00016495"
ORDER = payment(
    1, out_trade_no="G00000001", channel="unionpay_rsa", subject="打赏 pp000001", expires_at=NOW + timedelta(minutes=15)
)
ASK = PayRequest(notify_url="http://127.0.0.1:8000/notify/unionpay_rsa", ttl_s=900, return_url="http://127.0.0.1/done")

Fields = Mapping[str, str]
Seen = list[tuple[str, dict[str, str]]]
Answer = Callable[[str, dict[str, str]], web.StreamResponse | dict[str, str | None]]


def certificate(
    name: str,
    *,
    key: str,
    issuer: str = "test middle",
    issuer_key: str = "app",
    serial: int = 69678957876,
    begins: datetime = NOW - timedelta(days=2),
    ends: datetime = NOW + timedelta(days=365),
    ca: bool = False,
) -> x509.Certificate:
    """A certificate for one of the public test keys, signed by another."""

    def named(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(private_key(key).public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return builder.sign(private_key(issuer_key), hashes.SHA256())


@cache
def root() -> x509.Certificate:
    return certificate("test root", key="other", issuer="test root", issuer_key="other", ca=True)


@cache
def middle() -> x509.Certificate:
    return certificate("test middle", key="app", issuer="test root", issuer_key="other", ca=True)


@cache
def leaf() -> x509.Certificate:
    return certificate(LEAF_NAME, key="platform")


def chain() -> Chain:
    return Chain(root=root(), middle=middle(), is_signed_by=signed_by_rsa)


def pem_of(one: x509.Certificate) -> str:
    """As answers carry it: CRLF after every line but the last."""
    return one.public_bytes(serialization.Encoding.PEM).decode().strip().replace("\n", "\r\n")


class AnyLeaf(Chain):
    """Takes any certificate for one with this key."""

    def __init__(self, key: RSAPublicKey) -> None:
        self._key = key

    def leaf(self, pem: str, now: datetime) -> Any:
        key = self._key

        class Leaf:
            rsa_key = key

        return Leaf()


def text_of(fields: Fields) -> str:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")


def signed(
    fields: Mapping[str, str | None], *, key: str = "platform", cert: x509.Certificate | None = None
) -> dict[str, str]:
    """Sign as UnionPay does in 5.1.0; a field that is None is left out."""
    whole = {name: value for name, value in fields.items() if value is not None}
    if whole.get("signMethod") == "11":
        tail = hashlib.sha256(SECURE_KEY.encode()).hexdigest()
        return {**whole, "signature": hashlib.sha256(f"{text_of(whole)}&{tail}".encode()).hexdigest()}
    if "signPubKeyCert" not in fields:
        whole["signPubKeyCert"] = pem_of(cert or leaf())
    codec = "gbk" if whole.get("encoding") == "GBK" else "utf-8"
    message = hashlib.sha256(text_of(whole).encode(codec)).hexdigest().encode()
    return {
        **whole,
        "signature": base64.b64encode(private_key(key).sign(message, PKCS1v15(), hashes.SHA256())).decode(),
    }


def raw(fields: Fields) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


def echo(sent: Fields, **more: str | None) -> dict[str, str | None]:
    """What an answer repeats, and what it says."""
    names = (
        "version",
        "encoding",
        "signMethod",
        "txnType",
        "txnSubType",
        "bizType",
        "accessType",
        "merId",
        "orderId",
        "txnTime",
    )
    return {
        **{name: sent[name] for name in names if name in sent},
        "respCode": "00",
        "respMsg": "成功[0000000]",
        **more,
    }


def saying(**more: str | None) -> Answer:
    """Answer every call with the echoes and these fields."""
    return lambda _path, sent: echo(sent, **more)


def standing(code: str, **more: str | None) -> Answer:
    """Answer every query with this code of the transaction."""
    done = code in {"00", "A6"}
    found = (
        {"queryId": "442401051450467846498", "settleAmt": "100", "settleDate": "1123"} if done else {"settleAmt": "0"}
    )
    kind = {"txnType": "01", "txnSubType": "07", "txnAmt": "100", "currencyCode": "156"}
    return saying(**{"origRespCode": code, "origRespMsg": "x", **kind, **found, **more})


def keyed_signing() -> Signing:
    return KeyedSigning(SECURE_KEY, method="11")


def rsa_signing() -> Signing:
    return RsaSigning(RsaIdentity(private_key("app"), "69903319369"), chain())


@asynccontextmanager
async def channel(
    answer: Answer, *, seen: Seen | None = None, signing: Signing | None = None
) -> AsyncIterator[UnionPayChannel]:
    """A channel before a server that answers as it is told."""

    async def handle(request: web.Request) -> web.StreamResponse:
        sent = dict(parse_qsl((await request.read()).decode("ascii"), keep_blank_values=True))
        if seen is not None:
            seen.append((request.path, sent))
        told = answer(request.path, sent)
        return told if isinstance(told, web.StreamResponse) else web.Response(body=raw(signed(told)))

    application = web.Application()
    application.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    own = unstarted(url, signing=signing, clock=VirtualClock(NOW))
    await own.start()
    try:
        yield own
    finally:
        await own.stop()
        await runner.cleanup()


class Noon:
    """It stays noon."""

    def now(self) -> datetime:
        return NOW

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


def unstarted(
    url: str = "http://127.0.0.1:9", *, signing: Signing | None = None, clock: Clock | None = None
) -> UnionPayChannel:
    chosen, clock = signing or rsa_signing(), clock or Noon()
    merchant = UnionPayMerchant(url=url, file_url=f"{url}/", mer_id=MER_ID, signing=chosen)
    encryption = EncryptionKeys(chain(), rsa_recipient, clock=clock) if chosen.method == "01" else None
    return UnionPayChannel("unionpay_rsa", merchant, clock=clock, timeout_s=2, encryption=encryption)


def run(
    answer: Answer,
    story: Callable[[UnionPayChannel], Any],
    *,
    seen: Seen | None = None,
    signing: Signing | None = None,
) -> Any:
    """Tell a story to a channel, in virtual time."""

    async def told() -> Any:
        async with channel(answer, seen=seen, signing=signing) as own:
            return await story(own)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(told())


PAID: Mapping[str, str] = {
    "accNo": "6226********0048",
    "accessType": "0",
    "bizType": "000000",
    "currencyCode": "156",
    "encoding": "UTF-8",
    "merId": MER_ID,
    "orderId": "G00000001",
    "queryId": "442401051450467846498",
    "reqReserved": "打赏 pp000001",
    "respCode": "00",
    "respMsg": "成功[0000000]",
    "settleAmt": "100",
    "settleCurrencyCode": "156",
    "settleDate": "1123",
    "signMethod": "01",
    "traceNo": "784649",
    "traceTime": "1123120000",
    "txnAmt": "100",
    "txnSubType": "07",
    "txnTime": "20261123120000",
    "txnType": "01",
    "unheardOf": "a+b c%20d",
    "version": "5.1.0",
}


def notify_body(*, cert: x509.Certificate | None = None, key: str = "platform", **changes: str | None) -> bytes:
    """A notify as it travels, with changes made before it is signed."""
    fields = signed({**PAID, **changes}, cert=cert, key=key)
    return urlencode(fields, encoding="gbk" if fields["encoding"] == "GBK" else "utf-8").encode()
