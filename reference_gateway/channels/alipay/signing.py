"""
Alipay's signatures from the merchant's side: sign requests, verify answers and notifies.

What arrived is what gets verified: the raw text of the inner object of an answer, the decoded pairs of a notify,
unknown fields included. Knows nothing of what the fields mean.

Facts: alipay/sign-string, alipay/empty-values, alipay/sync-sign, alipay/notify-sign
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reference_gateway.errors import SettingsRefused, SignatureRejected

NotifyVerifier = Callable[[bytes, bytes], None]
"""Given the string to sign and the signature; raises SignatureRejected."""


def request_text(params: Mapping[str, str]) -> str:
    """
    Build the string to sign of a request: no `sign`, nothing empty or blank, `sign_type` kept, sorted, unescaped.

    Facts: alipay/sign-string, alipay/empty-values
    """
    return "&".join([f"{key}={value}" for key, value in sorted(params.items()) if key != "sign" and value.strip()])


def notify_text(pairs: Iterable[tuple[str, str]]) -> str:
    """
    Build the string to sign of a notify: neither `sign` nor `sign_type`, every other pair as it was decoded.

    Facts: alipay/notify-sign
    """
    return "&".join([f"{key}={value}" for key, value in sorted(pairs) if key not in {"sign", "sign_type"}])


@functools.lru_cache(maxsize=8)
def load_private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """
    Read the app's key, PKCS#1 or PKCS#8.

    Checking that the numbers are a key takes longer than all else in a start, so each file is checked once a process.
    """
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise SettingsRefused("the app private key is no PEM file of an RSA key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingsRefused("the app private key is not an RSA key")
    return key


def load_public_key(pem: bytes) -> rsa.RSAPublicKey:
    """Read the platform's key: SubjectPublicKeyInfo, as PEM or as bare base64."""
    text = pem.strip()
    try:
        if text.startswith(b"-----"):
            key = serialization.load_pem_public_key(text)
        else:
            key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise SettingsRefused("the alipay public key is neither a PEM file nor base64 of an RSA key") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise SettingsRefused("the alipay public key is not an RSA key")
    return key


def sign(text: str, key: rsa.RSAPrivateKey) -> str:
    """Sign as RSA2: SHA256withRSA, PKCS#1 v1.5, base64 without line breaks."""
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def decode_signature(text: str) -> bytes:
    """Decode strictly; what is not base64 is no signature."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRejected("the signature is not base64") from error


class RsaVerifier:
    """Checks RSA2 signatures against one public key."""

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._key = key

    def __call__(self, text: bytes, signature: bytes) -> None:
        try:
            self._key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise SignatureRejected from error


class PlatformKeys:
    """
    Alipay's keys: the one of public-key mode, or in certificate mode one for each serial.

    An answer signed with a certificate that we do not hold is not believed: somebody must fetch it first.

    Facts: alipay/cert-mode
    """

    def __init__(self, key: rsa.RSAPublicKey | None, by_serial: Mapping[str, rsa.RSAPublicKey]) -> None:
        self._key = None if key is None else RsaVerifier(key)
        self._by_serial = {serial: RsaVerifier(key) for serial, key in by_serial.items()}

    def verify(self, text: bytes, signature: bytes, cert_sn: str) -> None:
        """
        Check an answer's signature.

        Raises:
            SignatureRejected: by no key of ours, or by a certificate that is not here.
        """
        if not self._by_serial:
            if self._key is None:
                raise SignatureRejected("there is no key of Alipay's here")
            self._key(text, signature)
            return
        if cert_sn not in self._by_serial:
            raise SignatureRejected(f"signed with the certificate {cert_sn or '(unnamed)'}, which is not here")
        self._by_serial[cert_sn](text, signature)

    def verify_notify(self, text: bytes, signature: bytes) -> None:
        """Check a notify's signature: notifies name no certificate, so every key of Alipay's may have made it."""
        verifiers = [*self._by_serial.values(), *([] if self._key is None else [self._key])]
        for verifier in verifiers:
            try:
                verifier(text, signature)
            except SignatureRejected:
                continue
            return
        raise SignatureRejected


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    A synchronous answer taken apart: the inner object, its raw text, the signature or None.

    An encrypted answer's content is text, and its raw text has the quotes; *cert_sn* is given in certificate mode.
    """

    content: Mapping[str, Any] | str
    raw: str
    sign: str | None
    cert_sn: str = ""


def open_envelope(text: str, key: str) -> Envelope:
    """
    Cut an answer at its top level without touching the inner object's bytes.

    Raises:
        ValueError: not one JSON object with an object or a text under *key*, or a key twice.

    Facts: alipay/sync-envelope, alipay/sync-sign, alipay/aes, alipay/cert-mode
    """
    members = _top_level(text)
    if key not in members:
        raise ValueError(f"no {key} in the answer")
    content, raw = members[key]
    if not isinstance(content, dict | str):
        raise ValueError(f"{key} is neither an object nor ciphertext")  # noqa: TRY004 (a malformed answer)
    signature = members.get("sign", (None, ""))[0]
    serial = members.get("alipay_cert_sn", ("", ""))[0]
    return Envelope(content, raw, signature if isinstance(signature, str) else None, str(serial or ""))


_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


def _top_level(text: str) -> dict[str, tuple[Any, str]]:
    """Map each key of the outermost object to its value and the value's raw text."""
    members: dict[str, tuple[Any, str]] = {}
    at = _expect(text, 0, "{")
    while True:
        key, at = _DECODER.raw_decode(text, _expect(text, at, '"') - 1)
        at = _skip(text, _expect(text, at, ":"))
        value, end = _DECODER.raw_decode(text, at)
        if key in members:
            raise ValueError(f"{key} stands twice in the answer")
        members[key] = (value, text[at:end])
        at = _skip(text, end)
        if text[at : at + 1] != ",":
            break
        at += 1
    if text[_expect(text, at, "}") :].strip(_SPACE):
        raise ValueError("something follows the answer")
    return members


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _expect(text: str, at: int, char: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != char:
        raise ValueError(f"{char!r} expected at character {at} of the answer")
    return at + 1
