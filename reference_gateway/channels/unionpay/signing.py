"""
UnionPay's signatures from the merchant's side: one class for each way, all over the same text.

What RSA and SM2 sign is the hexadecimal text of the hash, not the text itself; the keyed ways hash the key in. Knows
nothing of what the fields mean.

Facts: unionpay/sign-methods, unionpay/sm2
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from reference_gateway.channels.unionpay import sm2
from reference_gateway.channels.unionpay.certificates import Chain
from reference_gateway.channels.unionpay.keys import RsaIdentity, Sm2Identity
from reference_gateway.errors import SignatureRejected


class Signing(Protocol):
    """One way to sign, for one merchant; `cert_id` is empty where no certificate is named."""

    method: str
    cert_id: str

    def sign(self, text: bytes) -> str: ...

    def verify(self, text: bytes, fields: Mapping[str, str], now: datetime) -> None:
        """
        Check the signature in *fields* over *text*.

        Raises:
            SignatureRejected: it does not match, or the certificate that came with it is not UnionPay's.
        """
        ...


class RsaSigning:
    """signMethod 01 of version 5.1.0: SHA-256 twice."""

    method = "01"

    def __init__(self, identity: RsaIdentity, chain: Chain) -> None:
        self.cert_id = identity.cert_id
        self._key = identity.key
        self._chain = chain

    def sign(self, text: bytes) -> str:
        signature = self._key.sign(_hex_sha256(text), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def verify(self, text: bytes, fields: Mapping[str, str], now: datetime) -> None:
        key = self._chain.leaf(fields.get("signPubKeyCert", ""), now).rsa_key
        try:
            key.verify(_decoded(fields), _hex_sha256(text), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise SignatureRejected from error


class KeyedSigning:
    """signMethod 11 (SHA-256) and 12 (SM3): a digest with the merchant's secure key hashed in."""

    cert_id = ""

    def __init__(self, secure_key: str, *, method: str) -> None:
        self.method = method
        self._digest = sm2.sm3 if method == "12" else lambda data: hashlib.sha256(data).digest()
        self._tail = b"&" + self._digest(secure_key.encode()).hex().encode()

    def sign(self, text: bytes) -> str:
        return self._digest(text + self._tail).hex()

    def verify(self, text: bytes, fields: Mapping[str, str], now: datetime) -> None:
        del now  # nothing here has dates
        if not hmac.compare_digest(self.sign(text).encode(), fields.get("signature", "").encode()):
            raise SignatureRejected


class Sm2Signing:
    """signMethod 21: SM2 over the hexadecimal of SM3, the user being called by the certificate's number."""

    method = "21"

    def __init__(self, identity: Sm2Identity, chain: Chain) -> None:
        self.cert_id = identity.cert_id
        self._identity = identity
        self._chain = chain

    def sign(self, text: bytes) -> str:
        own = self._identity
        message = sm2.sm3(text).hex().encode()
        return base64.b64encode(
            sm2.engine().sign(own.secret, own.point, message, user_id=own.cert_id.encode())
        ).decode()

    def verify(self, text: bytes, fields: Mapping[str, str], now: datetime) -> None:
        signer = self._chain.leaf(fields.get("signPubKeyCert", ""), now)
        message, user_id = sm2.sm3(text).hex().encode(), signer.number.encode()
        if not sm2.engine().verify(signer.sm2_point, message, signature=_decoded(fields), user_id=user_id):
            raise SignatureRejected


def _hex_sha256(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()


def _decoded(fields: Mapping[str, str]) -> bytes:
    """Decode strictly; what is not base64 is no signature."""
    try:
        return base64.b64decode(fields.get("signature", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRejected("the signature is not base64") from error
