"""
What must stand in the headers of an answer or a notify before its signature is looked at.

Facts: wechatpay/answer-headers, wechatpay/times, wechatpay/notify-headers
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reference_gateway.channels.wechatpay.v3_signing import SCHEME
from reference_gateway.errors import SignatureRejected

WINDOW_S = 300
_DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class Seal:
    """The headers that a signature consists of."""

    serial: str
    timestamp: str
    nonce: str
    signature: str


def seal_of(headers: Mapping[str, str], *, now: datetime) -> Seal:
    """
    Read the seal and hold its stamp against our own clock.

    Args:
        headers: with names in lower case, or without regard to case.

    Raises:
        SignatureRejected: a header is missing, the algorithm is another, or the stamp is not within five minutes.
    """
    kind = headers.get("wechatpay-signature-type", SCHEME)
    if kind != SCHEME:
        raise SignatureRejected(f"signed by {kind[:40]}", code="unknown_signature_type")
    seal = Seal(*(headers.get(f"wechatpay-{name}", "") for name in ("serial", "timestamp", "nonce", "signature")))
    if not (seal.serial and seal.timestamp and seal.nonce and seal.signature):
        raise SignatureRejected("a Wechatpay header is missing", code="unsigned")
    if not (seal.timestamp.isascii() and seal.timestamp.isdecimal() and len(seal.timestamp) <= _DIGITS_MAX):
        raise SignatureRejected("the stamp is no number of seconds", code="bad_timestamp")
    if abs(now.timestamp() - int(seal.timestamp)) > WINDOW_S:
        raise SignatureRejected("the stamp is not within five minutes of our clock", code="stale_timestamp")
    return seal
