"""
WeChat Pay's API v3 without sockets: a merchant that signs by itself, a provider over a fresh book, and its notices.

The merchant's half is written here from the facts, so that the simulator's signing never verifies its own mistakes.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from mock_providers.core.books.book import Trade
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import OutgoingNotify
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.wechatpay import PROVIDER
from tests.unit.mock_providers.desks import T0, ProviderDesk

NOTIFY_URL = "http://127.0.0.1:9009/notify/wechatpay_v3"
HEADERS = {"Accept": "application/json", "User-Agent": "tests", "Content-Type": "application/json"}
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
OAEP_SHA1 = OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303


class Merchant:
    """Signs requests, and opens answers and notifies, with the files of the credentials folder only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "wechatpay"
        key = load_pem_private_key(self.raw("apiclient_key.pem"), None)
        assert isinstance(key, RSAPrivateKey)
        self.key = key

    def raw(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def text(self, name: str) -> str:
        return self.raw(name).decode().strip()

    @property
    def mchid(self) -> str:
        return self.text("mchid")

    @property
    def app_id(self) -> str:
        return self.text("appid")

    def sign(self, message: bytes) -> str:
        return base64.b64encode(self.key.sign(message, PKCS1v15(), hashes.SHA256())).decode()

    def authorization(self, method: str, target: str, body: bytes, **changes: str) -> str:
        """
        The header's value; changes replace single values of it after signing.
        """
        stamp = changes.pop("at", str(int(T0.timestamp())))
        nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
        message = b"\n".join([method.encode(), target.encode(), stamp.encode(), nonce.encode(), body, b""])
        said = {
            "mchid": self.mchid,
            "nonce_str": nonce,
            "signature": self.sign(message),
            "timestamp": stamp,
            "serial_no": self.text("apiclient_serial_no"),
            **changes,
        }
        return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in said.items())

    def request(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        headers: Mapping[str, str | None] | None = None,
        at: str | None = None,
    ) -> RawRequest:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        stamped = {"at": at} if at else {}
        sent = {**HEADERS, "Authorization": self.authorization(method, target, raw, **stamped), **(headers or {})}
        return RawRequest(method, target, tuple((name, one) for name, one in sent.items() if one is not None), raw)

    def platform_key(self, serial: str) -> RSAPublicKey:
        if serial == self.text("wechatpay_public_key_id"):
            key: Any = load_pem_public_key(self.raw("wechatpay_public_key.pem"))
        else:
            certificates = [
                x509.load_pem_x509_certificate(self.raw(f"{name}.pem"))
                for name in ("wechatpay_certificate", "wechatpay_next_certificate")
            ]
            key = next(one for one in certificates if f"{one.serial_number:040X}" == serial).public_key()
        assert isinstance(key, RSAPublicKey)
        return key

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """
        Raises InvalidSignature when the platform did not sign this.
        """
        assert headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
        message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        signature = base64.b64decode(headers["Wechatpay-Signature"], validate=True)
        self.platform_key(headers["Wechatpay-Serial"]).verify(signature, message, PKCS1v15(), hashes.SHA256())

    def genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            self.verify(headers, body)
        except (InvalidSignature, ValueError):
            return False
        return True

    def decrypt(self, resource: Mapping[str, str]) -> bytes:
        sealed = base64.b64decode(resource["ciphertext"], validate=True)
        return AESGCM(self.raw("apiv3_key")).decrypt(
            resource["nonce"].encode(), sealed, resource["associated_data"].encode()
        )

    def decrypt_field(self, text: str) -> str:
        return self.key.decrypt(base64.b64decode(text), OAEP_SHA1).decode()

    def encrypted(self, text: str, *, serial: str) -> str:
        return base64.b64encode(self.platform_key(serial).encrypt(text.encode(), OAEP_SHA1)).decode()

    def opened(self, outgoing: OutgoingNotify) -> dict[str, Any]:
        """
        The decrypted resource of a notify whose signature is good.
        """
        self.verify(dict(outgoing.headers), outgoing.body)
        return dict(json.loads(self.decrypt(json.loads(outgoing.body)["resource"])))


class V3Desk(ProviderDesk):
    """WeChat Pay, and a merchant of its API v3."""

    usual_order = "order1"

    def __init__(self, directory: Path, **switches: Any) -> None:
        self.merchant = Merchant(directory)
        super().__init__(PROVIDER, directory, switches)

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        shape: AnswerShape = PLAIN_SHAPE,
        headers: Mapping[str, str | None] | None = None,
    ) -> WireReply:
        """
        A signed call and its raw answer.
        """
        return self.read(self.merchant.request(method, target, body, headers=headers)).perform(shape)

    def call(
        self, method: str, target: str, body: Any = None, *, headers: Mapping[str, str | None] | None = None
    ) -> tuple[int, Any]:
        """
        A signed call, answered and verified: status and object.
        """
        reply = self.ask(method, target, body, headers=headers)
        self.merchant.verify(dict(reply.headers), reply.body)
        return reply.status, json.loads(reply.body) if reply.body else None

    def order(self, number: str = "order1", **changes: Any) -> dict[str, Any]:
        body = {
            "appid": self.merchant.app_id,
            "mchid": self.merchant.mchid,
            "description": "tip pp000001",
            "out_trade_no": number,
            "notify_url": NOTIFY_URL,
            "amount": {"total": 123, "currency": "CNY"},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    def create(self, number: str = "order1", *, product: str = "native", **changes: Any) -> tuple[int, Any]:
        return self.call("POST", f"/v3/pay/transactions/{product}", self.order(number, **changes))

    def query(self, number: str = "order1") -> tuple[int, Any]:
        return self.call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.merchant.mchid}")

    def close(self, number: str = "order1") -> tuple[int, Any]:
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return self.call("POST", target, {"mchid": self.merchant.mchid})

    def refund(
        self, fen: int, *, refund_no: str = "refund1", number: str = "order1", **changes: Any
    ) -> tuple[int, Any]:
        body = {
            "out_trade_no": number,
            "out_refund_no": refund_no,
            "amount": {"refund": fen, "total": 123, "currency": "CNY"},
            "notify_url": NOTIFY_URL,
            **changes,
        }
        return self.call("POST", "/v3/refund/domestic/refunds", {k: v for k, v in body.items() if v is not None})

    def paid(self, number: str = "order1", **changes: Any) -> Trade:
        status, _ = self.create(number, **changes)
        assert status == 200
        self.buyer("pay", number)
        return self.trade(number)
