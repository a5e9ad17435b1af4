"""
The XML API's digests from the merchant's side, and the encryption inside a refund's notify.

Facts: wechatpay/v2-sign, wechatpay/v2-sign-type, wechatpay/v2-refund-notice
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from reference_gateway.channels.wechatpay.merchant import SignType
from reference_gateway.errors import SignatureRejected

MD5: SignType = "MD5"
HMAC: SignType = "HMAC-SHA256"
BLOCK_BITS = 128


def text_of(fields: Mapping[str, str]) -> str:
    """
    Build what the digest covers, but for the key: no `sign`, nothing empty, `sign_type` kept, sorted, unescaped.

    Facts: wechatpay/v2-sign
    """
    return "&".join([f"{name}={value}" for name, value in sorted(fields.items()) if name != "sign" and value])


def digest(fields: Mapping[str, str], key: bytes, *, sign_type: SignType) -> str:
    """Upper-case hexadecimal: 32 digits of MD5, or 64 of HMAC-SHA256."""
    text = text_of(fields).encode() + b"&key=" + key
    if sign_type == HMAC:
        return hmac.new(key, text, hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text).hexdigest().upper()  # noqa: S324 (the vendor's older digest, chosen by setting)


def verify(fields: Mapping[str, str], key: bytes, *, sign_type: SignType, unsaid: SignType | None = None) -> None:
    """
    Check the digest over all fields as they arrived, unknown ones included.

    Args:
        sign_type: what was agreed. A message that names its type is taken at its word, but never for a weaker one.
        unsaid: what a message means that names none; what was agreed, unless told otherwise.

    Raises:
        SignatureRejected: there is none, it is of a weaker type than was agreed, or it does not match.

    Facts: wechatpay/v2-sign-type
    """
    told = fields.get("sign", "")
    if not told:
        raise SignatureRejected("there is no sign", code="unsigned")
    declared = fields.get("sign_type", "")
    if declared not in {"", MD5, HMAC}:
        raise SignatureRejected(f"signed by {declared[:40]}", code="unknown_signature_type")
    kind: SignType = HMAC if declared == HMAC else MD5 if declared == MD5 else unsaid or sign_type
    if sign_type == HMAC and kind == MD5:
        raise SignatureRejected("signed with MD5, where HMAC-SHA256 was agreed", code="weaker_signature")
    if not hmac.compare_digest(digest(fields, key, sign_type=kind).encode(), told.encode()):
        raise SignatureRejected


def decrypt_req_info(req_info: str, key: bytes) -> bytes:
    """
    Open what a refund's notify holds.

    Raises:
        SignatureRejected: not encrypted with our key.

    Facts: wechatpay/v2-refund-notice
    """
    aes_key = hashlib.md5(key).hexdigest().encode()  # noqa: S324 (the vendor derives the key so)
    decryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).decryptor()  # noqa: S305 (the vendor's mode)
    unpadder = padding.PKCS7(BLOCK_BITS).unpadder()
    try:
        sealed = base64.b64decode(req_info, validate=True)
        padded = decryptor.update(sealed) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (binascii.Error, ValueError) as error:
        raise SignatureRejected("req_info does not open with our key", code="decryption_failed") from error
