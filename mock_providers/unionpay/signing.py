"""
UnionPay's four ways to sign: RSA with certificates, keyed SHA-256 and SM3, and SM2; and the text that all of them sign.

Written from the facts alone; the gateway's room has its own, and neither has seen the other.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from mock_providers.core.signatures import sm2

_PADDING = PKCS1v15()
RSA, KEYED_SHA256, KEYED_SM3, SM2 = "01", "11", "12", "21"
METHODS = frozenset({RSA, KEYED_SHA256, KEYED_SM3, SM2})
NEW_VERSION = "5.1.0"
OLD_VERSIONS = frozenset({"5.0.0", "5.0.1"})
# The hash inside and outside of the signature, for the new version and the old ones: see unionpay/sign-methods.
_RSA_HASHES: Mapping[bool, tuple[Callable[[bytes], bytes], HashAlgorithm]] = MappingProxyType(
    {
        True: (lambda data: hashlib.sha256(data).hexdigest().encode(), SHA256()),
        False: (lambda data: hashlib.sha1(data).hexdigest().encode(), SHA1()),  # noqa: S303, S324
    }
)


def text_of(fields: Mapping[str, str]) -> str:
    """
    The text that is signed: every field but `signature`, values decoded, sorted by name in byte order.

    Facts: unionpay/sign-string
    """
    return "&".join([f"{name}={fields[name]}" for name in sorted(fields) if name != "signature"])


class Signer(Protocol):
    """Makes the value of `signature` for the bytes of a text."""

    def __call__(self, text: bytes) -> str:
        """Base64 or hex, as the method has it."""
        ...


class Verifier(Protocol):
    """Judges the value of `signature`."""

    def __call__(self, text: bytes, signature: str) -> bool:
        """Whether *signature* is good for exactly *text*."""
        ...


@dataclass(frozen=True, slots=True)
class RsaSigner:
    """
    The hash's lower-case hex text, hashed once more inside the signature.

    Facts: unionpay/sign-methods
    """

    key: RSAPrivateKey
    new: bool

    def __call__(self, text: bytes) -> str:
        """Base64 without line breaks; this padding is deterministic, so equal copies of a notify need signing once."""
        first, _ = _RSA_HASHES[self.new]
        return _rsa_signature(self.key, first(text), new=self.new)


@lru_cache(maxsize=256)
def _rsa_signature(key: RSAPrivateKey, digest: bytes, *, new: bool) -> str:
    _, second = _RSA_HASHES[new]
    return b64encode(key.sign(digest, _PADDING, second)).decode()


@dataclass(frozen=True, slots=True)
class RsaVerifier:
    """The other half of `RsaSigner`."""

    key: RSAPublicKey
    new: bool

    def __call__(self, text: bytes, signature: str) -> bool:
        """Strict base64 is asked for."""
        first, second = _RSA_HASHES[self.new]
        try:
            self.key.verify(b64decode(signature, validate=True), first(text), _PADDING, second)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Keyed:
    """
    The text with the hex of the key's hash behind it, hashed; signs and verifies.

    Args:
        tail: what is hashed behind the text.

    Facts: unionpay/sign-methods
    """

    digest: Callable[[bytes], str]
    tail: bytes

    def __call__(self, text: bytes) -> str:
        """Lower-case hex."""
        return self.digest(text + self.tail)

    def verify(self, text: bytes, signature: str) -> bool:
        """Whether *signature* is what would be written; letter case counts."""
        return signature == self(text)


@lru_cache(maxsize=64)
def keyed(method: str, secret: str) -> Keyed:
    """The keyed method of that number, with a merchant's key."""
    digest = _sha256_hex if method == KEYED_SHA256 else _sm3_hex
    return Keyed(digest, b"&" + digest(secret.encode()).encode())


def _sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sm3_hex(data: bytes) -> str:
    return sm2.sm3(data).hex()


@dataclass(frozen=True, slots=True)
class Sm2Signer:
    """
    SM2 over the hex text of SM3, as the user whose name is the certificate's number; r and s side by side.

    Facts: unionpay/sm2
    """

    key: sm2.PrivateKey
    cert_id: str

    def __call__(self, text: bytes) -> str:
        """Base64 of 64 bytes."""
        return b64encode(self.key.sign(sm2_message(text), user_id=self.cert_id.encode())).decode()


@dataclass(frozen=True, slots=True)
class Sm2Verifier:
    """The other half of `Sm2Signer`."""

    key: sm2.PublicKey
    cert_id: str

    def __call__(self, text: bytes, signature: str) -> bool:
        """Strict base64 is asked for."""
        try:
            raw = b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return self.key.verified(sm2_message(text), signature=raw, user_id=self.cert_id.encode())


def sm2_message(text: bytes) -> bytes:
    """What SM2 signs: 64 characters of hex."""
    return sm2.sm3(text).hex().encode()
