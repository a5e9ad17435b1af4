"""
UnionPay's requests, signed beforehand: written for the bench from the facts. Only SM2's arithmetic is the simulator's,
for no library has it as fast.
"""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mock_providers.unionpay.keys import sm2_private_key

BEIJING = timezone(timedelta(hours=8))
_HEAD = (
    "POST /gateway/api/backTransReq.do HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n"
    "Content-Type: application/x-www-form-urlencoded;charset=UTF-8\r\nConnection: keep-alive\r\n"
)
_BACK = {"txnSubType": "01", "bizType": "000301", "channelType": "07", "accNo": "6221558812340000"}
_QR = {"txnSubType": "07", "bizType": "000000", "channelType": "08"}


class Requests:
    """
    Signs back consumptions for one merchant; nobody is told of them, so a call is one answer.

    Args:
        back_url: orders whose payers scan a code instead, and are told of here.
    """

    def __init__(self, credentials: Path, *, back_url: str = "") -> None:
        self._what = _QR | {"backUrl": back_url} if back_url else _BACK
        self._folder = credentials / "unionpay"
        key = load_pem_private_key((self._folder / "acp_test_sign.key.pem").read_bytes(), password=None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key
        self._mer_id = self._said("mer_id")
        self._secret = hashlib.sha256(self._said("secure_key").encode()).hexdigest()
        self._at = datetime.now(UTC).astimezone(BEIJING).strftime("%Y%m%d%H%M%S")  # noqa: TID251  a client's own clock

    def _said(self, name: str) -> str:
        return (self._folder / name).read_text().strip()

    def rsa(self) -> Callable[[int], bytes]:
        """SignMethod 01."""
        cert_id = self._said("cert_id")

        def sign(text: str) -> str:
            digest = hashlib.sha256(text.encode()).hexdigest().encode()
            return base64.b64encode(self._key.sign(digest, PKCS1v15(), SHA256())).decode()

        return lambda number: self._consume(number, {"signMethod": "01", "certId": cert_id}, sign)

    def keyed(self) -> Callable[[int], bytes]:
        """SignMethod 11."""
        return lambda number: self._consume(
            number, {"signMethod": "11"}, lambda text: hashlib.sha256(f"{text}&{self._secret}".encode()).hexdigest()
        )

    def sm2(self) -> Callable[[int], bytes]:
        """SignMethod 21."""
        cert_id, key = (
            self._said("sm2_cert_id"),
            sm2_private_key((self._folder / "acp_test_sm2_sign.key.pem").read_bytes()),
        )

        def sign(text: str) -> str:
            digest = hashlib.new("sm3", text.encode()).hexdigest().encode()
            return base64.b64encode(key.sign(digest, user_id=cert_id.encode())).decode()

        return lambda number: self._consume(number, {"signMethod": "21", "certId": cert_id}, sign)

    def _consume(self, number: int, how: dict[str, str], sign: Callable[[str], str]) -> bytes:
        fields = {
            "version": "5.1.0",
            "encoding": "UTF-8",
            "txnType": "01",
            "accessType": "0",
            "merId": self._mer_id,
            "orderId": f"bench{number:09d}",
            "txnTime": self._at,
            "txnAmt": "990",
            "currencyCode": "156",
            "reqReserved": f"tip pp{number:06d}",
            **self._what,
            **how,
        }
        text = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        fields["signature"] = sign(text)
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode("ascii")
        return f"{_HEAD}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body


def judge(answer: bytes) -> str:
    """Whether an answer is a success: ok, or what it says instead."""
    return "ok" if b"respCode=00" in answer else answer[-200:].decode("utf-8", "replace")
