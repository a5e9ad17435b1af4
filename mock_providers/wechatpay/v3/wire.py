"""
Requests taken apart and answers put together as bytes: targets, headers, and the signature below an answer.

Knows no API and no trade.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b, shake_256
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_providers.core.ids import Ids
from mock_providers.core.plans import AnswerShape, Seal
from mock_providers.core.records import record
from mock_providers.core.wire.journal import Headers, RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.wechatpay.merchants import KeyRing
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.coupons import answer_with_coupon
from mock_providers.wechatpay.v3.elsewhere import astray
from mock_providers.wechatpay.v3.signing import answer_message, sign

SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
_SIGNATURE_CHARS = 344
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.ASCII | re.IGNORECASE)
# Whatever the answer. Facts: wechatpay/answer-headers
_COMMON: Headers = (
    ("Keep-Alive", "timeout=8"),
    ("Cache-Control", "no-cache, must-revalidate"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Language", "zh-CN"),
)


def origin_form(target: str) -> str:
    """
    Path and query of a target that may be a whole URL.

    Facts: wechatpay/request-sign
    """
    if target.startswith("/"):
        return target
    found = _ABSOLUTE.match(target)
    return (target[found.end() :] if found else target) or "/"


def path_of(target: str) -> str:
    """The path alone, as it stands on the wire."""
    return origin_form(target).partition("?")[0]


@record
class Request:
    """A request with its headers looked up once, by lower-case name; of a header that comes twice the first counts."""

    method: str
    target: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, raw: RawRequest) -> "Request":
        """Take a raw request apart."""
        target = origin_form(raw.target)
        path, _, query = target.partition("?")
        return cls(raw.method, target, path, query, raw.headers_by_name, raw.body)

    def header(self, name: str) -> str:
        """A header by its lower-case name, "" where it is missing."""
        return self.headers.get(name, "")

    @property
    def parameters(self) -> dict[str, str]:
        """The query, decoded; the first of each name."""
        found: dict[str, str] = {}
        for piece in self.query.split("&"):
            name, mark, value = piece.partition("=")
            if mark:
                found.setdefault(unquote(name.replace("+", " ")), unquote(value.replace("+", " ")))
        return found


class AnswerWriter:
    """Makes bytes of answers; numbers them."""

    def __init__(self, keys: KeyRing, ids: Ids) -> None:
        self._keys = keys
        self._prefix = ids.letters(20, "request-id").upper()
        self._nonces = ids.letters(20, "answer-nonce")
        self._count = 0

    def write(self, answer: Answer, *, shape: AnswerShape, asked_serial: str, stamp_at: datetime) -> WireReply:
        """
        Args:
            asked_serial: the request's `Wechatpay-Serial`, which may ask for the public key's pair.

        Facts: wechatpay/answer-sign, wechatpay/what-is-signed, wechatpay/answer-headers
        """
        self._count += 1
        if shape.coupon_fen and not answer.code:
            answer = replace(answer, body=answer_with_coupon(answer.body, shape.coupon_fen))
        if shape.astray and not answer.code:
            answer = replace(answer, body=astray(answer.body, shape.astray))
        typed = answer.body or answer.status == 204
        headers: Headers = (("Content-Type", answer.content_type),) if typed else ()
        if answer.request_id:
            headers += (("Request-ID", f"{self._prefix}{self._count:012X}-0"),)
        if answer.bare:
            return WireReply(answer.status, headers, answer.body)
        if not answer.signed or (shape.seal is Seal.NONE and not shape.probe):
            return WireReply(answer.status, headers + _COMMON, answer.body)
        pair = self._keys.for_answer(asked_serial)
        if shape.seal is Seal.NEXT:
            pair = self._keys.ahead(pair)
        stamped = stamp_at - timedelta(seconds=shape.stale_s) if shape.stale_s else stamp_at
        timestamp, nonce = str(int(stamped.timestamp())), f"{self._nonces}{self._count:012x}"
        message = answer_message(timestamp, nonce, answer.body)
        if shape.probe:
            signature = probe_signature(message)
        else:
            signature = sealed(pair.private, message, seal=shape.seal, forger=self._keys.keys.forger)
        headers += (
            *_COMMON,
            ("Wechatpay-Timestamp", timestamp),
            ("Wechatpay-Nonce", nonce),
            ("Wechatpay-Signature", signature),
            ("Wechatpay-Signature-Type", SIGNATURE_TYPE),
            ("Wechatpay-Serial", named(pair.serial, shape.seal)),
        )
        return WireReply(answer.status, headers, answer.body, message.decode("utf-8", "replace"))


def sealed(key: RSAPrivateKey, message: bytes, *, seal: Seal, forger: RSAPrivateKey) -> str:
    """A signature as good or as bad as a fault wants it."""
    if seal.among() is Seal.FOREIGN:
        return sign(forger, message)
    return sign(key, message + b"damaged" if seal is Seal.DAMAGED else message)


def named(serial: str, seal: Seal) -> str:
    """
    The serial that stands beside a signature: a stranger's certificate has one that no list has.

    Facts: wechatpay/rotation
    """
    return blake2b(serial.encode(), digest_size=20).hexdigest().upper() if seal is Seal.FOREIGN_CHAIN else serial


def probe_signature(message: bytes) -> str:
    """
    As long as a real one, and wrong on purpose.

    Facts: wechatpay/probes
    """
    noise = b64encode(shake_256(message).digest(_SIGNATURE_CHARS)).decode()
    return (PROBE_PREFIX + noise)[: _SIGNATURE_CHARS - 2] + "=="
