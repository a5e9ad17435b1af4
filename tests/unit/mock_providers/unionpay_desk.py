"""
UnionPay without sockets: a merchant that signs by itself, a provider over a fresh book, and the notices it publishes.

The merchant's half is written here from the facts, so that the simulator's signing never verifies its own mistakes.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gmalg
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape, Kind, PlannedDelivery
from mock_providers.core.provider import OutgoingNotify
from mock_providers.core.wire.journal import RawRequest
from mock_providers.unionpay import PROVIDER
from tests.cross.unionpay_parsers import official_java
from tests.unit.mock_providers.desks import T0, ProviderDesk

NOW = "20260102110405"
BACK_URL = "http://127.0.0.1:9/notify/unionpay_rsa"
CARD = "6221558812340000"
SM2_POINT = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d034200")


@cache
def _pfx(path: Path) -> tuple[RSAPrivateKey, x509.Certificate]:
    key, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), b"000000")
    assert isinstance(key, RSAPrivateKey)
    assert certificate is not None
    return key, certificate


def sm2_secret(pem: str) -> bytes:
    """
    The number inside PKCS#8.
    """
    content = b64decode("".join(pem.strip().splitlines()[1:-1]))
    return content[content.index(b"\x02\x01\x01\x04\x20") + 5 :][:32]


def text_of(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if name != "signature")


@dataclass(frozen=True)
class Sealed:
    """An encrypted field, and encryptCertId."""

    text: str
    cert_id: str


@dataclass(frozen=True)
class Merchant:
    """Signs requests and opens answers with the files of the credentials folder only."""

    directory: Path

    def file(self, name: str) -> str:
        return (self.directory / "unionpay" / name).read_text().strip()

    @property
    def mer_id(self) -> str:
        return self.file("mer_id")

    def cert_id(self, method: str, version: str = "5.1.0") -> str:
        del version
        return {"01": self.file("cert_id"), "21": self.file("sm2_cert_id")}.get(method, "")

    def signature(self, text: str, *, method: str, version: str, codec: str, cert_id: str) -> str:
        data = text.encode(codec)
        if method in {"11", "12"}:
            digest = "sha256" if method == "11" else "sm3"
            tail = hashlib.new(digest, self.file("secure_key").encode()).hexdigest()
            return hashlib.new(digest, data + b"&" + tail.encode()).hexdigest()
        if method == "21":
            message = hashlib.new("sm3", data).hexdigest().encode()
            r, s = gmalg.SM2(sk=sm2_secret(self.file("acp_test_sm2_sign.key.pem")), uid=cert_id.encode()).sign(message)
            return b64encode(r.rjust(32, b"\0") + s.rjust(32, b"\0")).decode()
        name, algorithm = ("sha256", hashes.SHA256()) if version == "5.1.0" else ("sha1", hashes.SHA1())  # noqa: S303
        key, _ = _pfx(self.directory / "unionpay" / "acp_test_sign.pfx")
        message = hashlib.new(name, data).hexdigest().encode()
        return b64encode(key.sign(message, PKCS1v15(), algorithm)).decode()

    def signed(self, fields: Mapping[str, str | None], *, method: str = "01", version: str = "5.1.0") -> dict[str, str]:
        """
        A signed message; a field that is None is left out before signing.
        """
        whole: dict[str, str | None] = {
            "version": version,
            "encoding": "UTF-8",
            "signMethod": method,
            "certId": self.cert_id(method) or None,
            "accessType": "0",
            "merId": self.mer_id,
            **fields,
        }
        kept = {name: value for name, value in whole.items() if value is not None}
        codec = "gbk" if kept.get("encoding", "").upper() == "GBK" else "utf-8"
        kept["signature"] = self.signature(
            text_of(kept), method=method, version=version, codec=codec, cert_id=kept.get("certId", "")
        )
        return kept

    def verified(self, fields: Mapping[str, str], *, codec: str = "utf-8") -> bool:
        """
        As the SDKs do it: the branch is chosen by the message's own signMethod and version.
        """
        return self.verified_as(fields, method=fields["signMethod"], version=fields["version"], codec=codec)

    def verified_as(self, fields: Mapping[str, str], *, method: str, version: str, codec: str = "utf-8") -> bool:
        text = text_of(fields).encode(codec)
        if method in {"11", "12"}:
            expected = self.signature(text.decode(codec), method=method, version=version, codec=codec, cert_id="")
            return fields["signature"] == expected
        raw = b64decode(fields["signature"], validate=True)
        pem = fields["signPubKeyCert"] if version == "5.1.0" else self._leaf_of(fields["certId"])
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if method == "21":
            content = certificate.tbs_certificate_bytes
            point = content[content.index(SM2_POINT) + len(SM2_POINT) :][:65]
            judge = gmalg.SM2(pk=point, uid=str(certificate.serial_number).encode())
            return bool(judge.verify(hashlib.new("sm3", text).hexdigest().encode(), raw[:32], raw[32:]))
        name, algorithm = ("sha256", hashes.SHA256()) if version == "5.1.0" else ("sha1", hashes.SHA1())  # noqa: S303
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        try:
            key.verify(raw, hashlib.new(name, text).hexdigest().encode(), PKCS1v15(), algorithm)
        except InvalidSignature:
            return False
        return True

    def serial(self, name: str) -> str:
        """
        A certificate's number, as certId has it.
        """
        return str(x509.load_pem_x509_certificate(self.file(name).encode()).serial_number)

    def sealed(self, pem: str, text: str) -> "Sealed":
        """
        A text that only the platform opens, with the number of the certificate that seals it.
        """
        certificate = x509.load_pem_x509_certificate(pem.encode())
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        return Sealed(b64encode(key.encrypt(text.encode(), PKCS1v15())).decode(), str(certificate.serial_number))

    def opened(self, sealed: str) -> str:
        """
        What the platform sealed for this merchant alone.
        """
        key, _ = _pfx(self.directory / "unionpay" / "acp_test_sign.pfx")
        return key.decrypt(b64decode(sealed, validate=True), PKCS1v15()).decode()

    def _leaf_of(self, cert_id: str) -> str:
        for name in ("acp_test_verify_sign.cer", "acp_test_sm2_verify_sign.cer"):
            text = self.file(name)
            if str(x509.load_pem_x509_certificate(text.encode()).serial_number) == cert_id:
                return text
        raise AssertionError(f"no certificate has the number {cert_id}")


HOST = "127.0.0.1:5000"


def post(fields: Mapping[str, str], path: str, *, codec: str = "utf-8", host: str = HOST) -> RawRequest:
    body = urlencode(fields, encoding=codec).encode()
    headers = (("Host", host), ("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"))
    return RawRequest("POST", path, headers, body)


PATHS = {
    "front": "/gateway/api/frontTransReq.do",
    "app": "/gateway/api/appTransReq.do",
    "back": "/gateway/api/backTransReq.do",
    "query": "/gateway/api/queryTrans.do",
    "order": "/gateway/api/order.do",
    "file": "/",
}


class Desk(ProviderDesk):
    """UnionPay, and a merchant of its."""

    usual_order = "order001"

    def __init__(self, directory: Path, **switches: Any) -> None:
        self.merchant = Merchant(directory)
        self.method, self.version = "01", "5.1.0"
        super().__init__(PROVIDER, directory, switches)

    def ask(self, where: str, fields: Mapping[str, str | None], shape: AnswerShape = PLAIN_SHAPE) -> dict[str, str]:
        """
        A signed call, answered, parsed as the official client does, and verified.
        """
        signed = self.merchant.signed(fields, method=self.method, version=self.version)
        codec = "gbk" if signed.get("encoding") == "GBK" else "utf-8"
        reply = self.read(post(signed, PATHS[where], codec=codec)).perform(shape)
        assert reply.status == 200
        answer = official_java(reply.body.decode(codec))
        assert self.merchant.verified(answer, codec=codec), answer
        assert all(value and value == value.strip() for value in answer.values()), answer
        return answer

    def consume(self, where: str = "back", order: str = "order001", **more: str | None) -> dict[str, str]:
        """
        A payment; at the back office with the test card.
        """
        biz, channel = {"back": ("000301", "07"), "order": ("000000", "08")}.get(where, ("000201", "08"))
        return self.ask(
            where,
            {
                "txnType": "01",
                "txnSubType": "01",
                "bizType": biz,
                "channelType": channel,
                "orderId": order,
                "txnTime": NOW,
                "txnAmt": "123",
                "currencyCode": "156",
                "backUrl": BACK_URL,
                "accNo": CARD if where == "back" else None,
                **more,
            },
        )

    def front(self, order: str = "order001", *, host: str = HOST, **more: str | None) -> Any:
        """
        The browser's form; the reply as it is.
        """
        fields = {
            "txnType": "01",
            "txnSubType": "01",
            "bizType": "000201",
            "channelType": "07",
            "orderId": order,
            "txnTime": NOW,
            "txnAmt": "123",
            "currencyCode": "156",
            "backUrl": BACK_URL,
            "frontUrl": "http://127.0.0.1:9/front?from=shop",
            **more,
        }
        signed = self.merchant.signed(fields, method=self.method, version=self.version)
        return self.read(post(signed, PATHS["front"], host=host)).perform()

    def query(self, order: str = "order001", **more: str | None) -> dict[str, str]:
        fields = {"txnType": "00", "txnSubType": "00", "bizType": "000000", "orderId": order, "txnTime": NOW, **more}
        return self.ask("query", fields)

    def back(self, kind: str, order: str, /, **more: str | None) -> dict[str, str]:
        """
        Undo, refund, completion and their kin.
        """
        return self.ask("back", self.back_fields(kind, order, **more))

    @staticmethod
    def back_fields(kind: str, order: str, /, **more: str | None) -> dict[str, str | None]:
        return {
            "txnType": kind,
            "txnSubType": "00",
            "bizType": "000201",
            "channelType": "07",
            "orderId": order,
            "txnTime": NOW,
            "txnAmt": "123",
            "backUrl": BACK_URL,
            **more,
        }

    def held(self, order: str = "auth0001", amount: str = "1000") -> str:
        """
        A pre-authorisation that the payer has granted; its queryId.
        """
        self.consume("app", order, txnType="02", txnAmt=amount)
        self.buyer("pay", order)
        number = self.trade(order).trade_no
        assert number is not None
        return number

    def rendered(self, place: int = -1, delivery: PlannedDelivery = PlannedDelivery(Kind.TRUE)) -> OutgoingNotify:  # noqa: B008
        outgoing: OutgoingNotify = self.provider.render(self.published.notices[place], delivery, stamp_at=T0)
        return outgoing

    def notified(self, place: int = -1, delivery: PlannedDelivery = PlannedDelivery(Kind.TRUE)) -> dict[str, str]:  # noqa: B008
        """
        A notify as a web framework hands it to the merchant.
        """
        outgoing = self.rendered(place, delivery)
        codec = "gbk" if delivery.charset else "utf-8"
        return dict(parse_qsl(outgoing.body.decode("ascii"), keep_blank_values=True, encoding=codec))
