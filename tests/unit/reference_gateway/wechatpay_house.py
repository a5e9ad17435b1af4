"""The platform's side for unit tests: certificates made here, answers signed here, no socket anywhere."""

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from reference_gateway.channels.wechatpay.http import HttpReply, WechatHttp
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.platform_keys import PlatformKey, key_of_certificate
from reference_gateway.channels.wechatpay.v3_client import V3Client
from tests.cross.known_answers import private_key

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
APIV3_KEY = b"0123456789abcdef0123456789ABCDEF"
MERCHANT = V3Merchant(
    hosts=("http://127.0.0.1:9",),
    appid="wxd930ea5d5a258f4f",
    mchid="1900000109",
    serial_no="5D8E2FEE",
    private_key=private_key("app"),
    apiv3_key=APIV3_KEY,
)


class Still:
    """A clock in the test's hand."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def certificate(key: str = "platform", *, serial: int = 7, issuer: str = "platform", **days: int) -> x509.Certificate:
    """A platform certificate of the test keys; *days* move `begin` and `end` away from today."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key(key).public_key())
        .serial_number(serial)
        .not_valid_before(NOW + timedelta(days=days.get("begin", -1)))
        .not_valid_after(NOW + timedelta(days=days.get("end", 1)))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private_key(issuer), hashes.SHA256())
    )


def sealed(body: bytes, *, status: int = 200, serial: str = f"{7:040X}", key: str = "platform") -> HttpReply:
    """An answer as the platform signs it."""
    stamp = str(int(NOW.timestamp()))
    signature = sign(private_key(key), f"{stamp}\nn\n".encode() + body + b"\n")
    headers = {"timestamp": stamp, "nonce": "n", "signature": signature, "serial": serial}
    return HttpReply(status, {f"wechatpay-{name}": value for name, value in headers.items()}, body)


def sign(key: rsa.RSAPrivateKey, text: bytes) -> str:
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def entry(made: x509.Certificate, **changes: Any) -> Mapping[str, Any]:
    """A certificate as the list has it."""
    text = AESGCM(APIV3_KEY).encrypt(b"000000000012", made.public_bytes(Encoding.PEM), b"certificate")
    held = {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": "000000000012",
        "associated_data": "certificate",
        "ciphertext": base64.b64encode(text).decode(),
    }
    return {"serial_no": f"{made.serial_number:040X}", "encrypt_certificate": held, **changes}


def listing(*entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"data": entries}).encode()


class Canned(WechatHttp):
    """Answers by target, as often as asked, and remembers what was asked."""

    def __init__(self, answers: Mapping[str, HttpReply]) -> None:
        super().__init__(("http://127.0.0.1:9",), timeout_s=1)
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.arrived = asyncio.Event()

    async def start(self) -> None:
        pass

    async def send(self, method: str, target: str, **_: Any) -> HttpReply:
        self.asked.append(target)
        self.arrived.set()
        return self.answers[target]


def client(
    answers: Mapping[str, HttpReply],
    *,
    known: tuple[x509.Certificate, ...] | None = None,
    clock: Still | None = None,
    **more: Any,
) -> tuple[V3Client, Canned]:
    """A client who knows the platform's certificate unless told otherwise."""
    http = Canned(answers)
    keys: list[PlatformKey] = [key_of_certificate(one) for one in ((certificate(),) if known is None else known)]
    settings: dict[str, Any] = {"authorities": (), "nonce": lambda: "nonce", **more}
    return V3Client(MERCHANT, http, known=keys, clock=clock or Still(), **settings), http
