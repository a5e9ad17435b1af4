"""
The files that UnionPay hands its merchants, read: the `.pfx`, the `.sm2`, certificates.

Facts: unionpay/key-files, unionpay/sm2
"""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import pkcs12

from reference_gateway.channels.unionpay import der, sm2
from reference_gateway.channels.unionpay.certificates import point_of
from reference_gateway.errors import SettingsRefused


@dataclass(frozen=True, slots=True)
class RsaIdentity:
    """The merchant's key and the number of its certificate."""

    key: rsa.RSAPrivateKey
    cert_id: str


@dataclass(frozen=True, slots=True)
class Sm2Identity:
    """The merchant's secret, its point, and the number of its certificate."""

    secret: bytes
    point: bytes
    cert_id: str


@functools.lru_cache(maxsize=8)
def read_pfx(content: bytes, password: str) -> RsaIdentity:
    """Open a `.pfx`; each file is opened once a process, for checking the key takes longer than all else in a start."""
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(content, password.encode())
    except ValueError as error:
        raise SettingsRefused("the UnionPay pfx does not open; check the file and its password") from error
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
        raise SettingsRefused("the UnionPay pfx holds no RSA key with its certificate")
    return RsaIdentity(key, str(certificate.serial_number))


@functools.lru_cache(maxsize=8)
def read_sm2_file(content: bytes, password: str) -> Sm2Identity:
    """
    Open a `.sm2`: the secret lies under SM4, whose key and vector are derived from the password by SM3.

    Facts: unionpay/sm2
    """
    try:
        _, sealed, owner = der.inside(base64.b64decode(content))
        certificate = x509.load_der_x509_certificate(der.elements(owner.content)[1].content)
        derived = sm2.sm3(password.encode() + b"\0\0\0\x01")
        opener = Cipher(algorithms.SM4(derived[16:]), modes.CBC(derived[:16])).decryptor()
        padded = opener.update(der.elements(sealed.content)[2].content) + opener.finalize()
        unpadder = PKCS7(128).unpadder()
        secret = (unpadder.update(padded) + unpadder.finalize()).rjust(32, b"\0")
        identity = Sm2Identity(secret, point_of(certificate), str(certificate.serial_number))
        probe = sm2.engine().sign(identity.secret, identity.point, b"probe", user_id=b"1")
        whole = sm2.engine().verify(identity.point, b"probe", signature=probe, user_id=b"1")
    except (ValueError, IndexError) as error:
        raise SettingsRefused("the UnionPay sm2 file does not open; check the file and its password") from error
    if not whole:
        raise SettingsRefused("the UnionPay sm2 file holds a key that is not its certificate's")
    return identity


@functools.lru_cache(maxsize=32)
def read_certificate(content: bytes) -> x509.Certificate:
    """Read a `.cer`, which is PEM or DER."""
    try:
        if content.lstrip().startswith(b"-----"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except ValueError as error:
        raise SettingsRefused("a UnionPay certificate file is neither PEM nor DER") from error
