"""
MD5 and HMAC-SHA256 as the legacy API uses them: which fields are signed, and how the shared key takes part.

Written from the facts alone; the gateway's room has its own, and neither has seen the other.
"""

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache

from mock_providers.core.plans import Seal

SIGN_TYPES = ("MD5", "HMAC-SHA256")


def text_of(fields: Mapping[str, str]) -> str:
    """
    The string before the key is appended: every field but `sign` and the empty ones, sorted by name.

    Facts: wechatpay/v2-sign
    """
    return "&".join([f"{name}={value}" for name, value in sorted(fields.items()) if value and name != "sign"])


def seal(text: str, key: str, *, sign_type: str) -> str:
    """
    The signature of *text*, which is what `text_of` gives: upper-case hexadecimal.

    Facts: wechatpay/v2-sign, wechatpay/v2-sign-type
    """
    return sealed_bytes(f"{text}&key={key}".encode(), key, sign_type=sign_type)


def sealed_bytes(data: bytes, key: str, *, sign_type: str) -> str:
    """
    The signature of *data*, which ends with the key.

    Facts: wechatpay/v2-sign-type
    """
    if sign_type == "HMAC-SHA256":
        code = _keyed(key).copy()
        code.update(data)
        return code.hexdigest().upper()
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper()


@lru_cache(maxsize=64)
def _keyed(key: str) -> hmac.HMAC:
    """A code that knows its key; to be copied."""
    return hmac.new(key.encode(), digestmod="sha256")


def downgraded(sign_type: str, wanted: Seal) -> tuple[str, Seal]:
    """
    By which type a fault has a message signed, and whose signature that is; below MD5 there is nothing but strangers.

    Facts: wechatpay/v2-sign-type
    """
    if wanted is Seal.WEAKER and sign_type == "HMAC-SHA256":
        return "MD5", Seal.TRUE
    return sign_type, wanted.among()


def sign_type_of(fields: Mapping[str, str]) -> str | None:
    """
    The declared type, MD5 where none is; None for what is no type.

    Facts: wechatpay/v2-sign-type
    """
    declared = fields.get("sign_type") or "MD5"
    return declared if declared in SIGN_TYPES else None
