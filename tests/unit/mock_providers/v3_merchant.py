"""
A merchant of OpenAPI v3, written from the facts: signs requests and opens answers with the credentials folder's files.

Each step can be done wrongly: what is signed, and what is sent, are separate.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from tests.unit.mock_providers.desks import T0

NOW_MS = round(T0.timestamp() * 1000)
JSON_TYPE = ("content-type", "application/json")
_NONCES = count(1)

Signed = Callable[[str], str | bytes]


def lines(auth: str, method: str, target: str, body: str, token: str = "") -> str:
    """The right text."""
    return f"{auth}\n{method}\n{target}\n{body}\n" + (f"{token}\n" if token else "")


@cache
def _private(path: Path) -> Any:
    """Loading a key costs more than signing with it."""
    return load_pem_private_key(path.read_bytes(), None)


@cache
def _public(path: Path) -> Any:
    """As above, with verifying."""
    return load_pem_public_key(path.read_bytes())


@dataclass(frozen=True)
class V3Merchant:
    directory: Path
    key: str = "alipay/app_private_key.pkcs8.pem"

    def text(self, name: str) -> str:
        return (self.directory / "alipay" / name).read_text()

    def facts(self) -> dict[str, str]:
        return dict(json.loads((self.directory / "credentials.json").read_text())["alipay"])

    def auth(self, **changes: str | None) -> str:
        fields: dict[str, str | None] = {"app_id": self.text("app_id"), "nonce": f"n{next(_NONCES)}"}
        fields |= {"timestamp": str(NOW_MS), **changes}
        return ",".join(f"{name}={value}" for name, value in fields.items() if value is not None)

    def sign(self, text: str | bytes) -> str:
        key = _private(self.directory / self.key)
        raw = text if isinstance(text, bytes) else text.encode()
        return base64.b64encode(key.sign(raw, PKCS1v15(), SHA256())).decode()

    def encrypted(self, text: str) -> str:
        sealer = Cipher(AES(base64.b64decode(self.text("aes_key"))), CBC(bytes(16))).encryptor()
        padder = PKCS7(128).padder()
        padded = padder.update(text.encode()) + padder.finalize()
        return base64.b64encode(sealer.update(padded) + sealer.finalize()).decode()

    def decrypted(self, body: bytes) -> Any:
        opener = Cipher(AES(base64.b64decode(self.text("aes_key"))), CBC(bytes(16))).decryptor()
        padded = opener.update(base64.b64decode(body)) + opener.finalize()
        return json.loads(padded[: -padded[-1]])

    def opened(self, reply: WireReply, *, key: str = "alipay_public_key.pem") -> dict[str, Any]:
        """The body of an answer, verified as the bytes that came."""
        self.verify(reply, key=key)
        return dict(json.loads(reply.body))

    def verify(self, reply: WireReply, *, key: str = "alipay_public_key.pem") -> None:
        """Raises InvalidSignature when the platform did not sign an answer's bytes."""
        headers = dict(reply.headers)
        text = f"{headers['alipay-timestamp']}\n{headers['alipay-nonce']}\n".encode() + reply.body + b"\n"
        public = _public(self.directory / "alipay" / key)
        public.verify(base64.b64decode(headers["alipay-signature"]), text, PKCS1v15(), SHA256())


@dataclass(frozen=True)
class Request:
    """
    One request in the making.

    Args:
        signs: makes what is signed of the right text.
        auth: fields of the header, None leaves one out.
    """

    path: str = "/v3/alipay/trade/query"
    method: str = "POST"
    body: Any = field(default_factory=lambda: {"out_trade_no": "o1"})
    auth: dict[str, str | None] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = (JSON_TYPE,)
    token: str = ""
    scheme: str = "ALIPAY-SHA256withRSA"
    signs: Signed = str

    def body_text(self) -> str:
        if self.body is None or self.method == "GET":
            return ""
        return self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)

    def sent(self, merchant: V3Merchant) -> RawRequest:
        auth = merchant.auth(**self.auth)
        body = self.body_text()
        sign = merchant.sign(self.signs(lines(auth, self.method, self.path, body, self.token)))
        headers = [*self.headers, ("Authorization", f"{self.scheme} {auth},sign={sign}"), ("host", "127.0.0.1:9")]
        headers += [("alipay-app-auth-token", self.token)] if self.token else []
        return RawRequest(self.method, self.path, tuple(headers), body.encode())
