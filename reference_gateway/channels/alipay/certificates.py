"""
Certificate mode: the serials that name certificates in requests, and Alipay's keys by the serials of its answers.

A serial is the MD5 of the issuer's name and the certificate's number. Knows nothing of calls.

Facts: alipay/cert-mode
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from reference_gateway.errors import SettingsRefused

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
RSA_SIGNATURES = "1.2.840.113549.1.1."


@dataclass(frozen=True, slots=True)
class Certificates:
    """What certificate mode needs; *alipay_keys* are by serial, so that a renewed certificate can stand beside."""

    app_cert_sn: str
    root_cert_sn: str
    alipay_keys: Mapping[str, rsa.RSAPublicKey]


def certificates(app: bytes, root: bytes, alipay: Iterable[bytes]) -> Certificates:
    """
    Read the three files that Alipay's console hands out, the last one once for each certificate in use.

    Raises:
        SettingsRefused: a file holds no certificate, or not one with an RSA key.
    """
    keys: dict[str, rsa.RSAPublicKey] = {}
    for pem in alipay:
        certificate = _read(pem, "the alipay certificate")[0]
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise SettingsRefused("the alipay certificate does not hold an RSA key")
        keys[serial_of(certificate)] = key
    return Certificates(serial_of(_read(app, "the app certificate")[0]), root_serial(root), keys)


def serial_of(certificate: x509.Certificate) -> str:
    """Return the serial by which Alipay calls this certificate."""
    return hashed_serial(certificate.issuer.rfc4514_string(), certificate.serial_number)


def hashed_serial(issuer: str, number: int) -> str:
    """Hash an issuer's name, last part first, with the certificate's number in decimal."""
    return hashlib.md5(f"{issuer}{number}".encode(), usedforsecurity=False).hexdigest()


def root_serial(pem: bytes) -> str:
    """Join the serials of those roots that are signed with RSA; the others are skipped."""
    roots = _read(pem, "the alipay root certificate")
    serials = [serial_of(c) for c in roots if c.signature_algorithm_oid.dotted_string.startswith(RSA_SIGNATURES)]
    if not serials:
        raise SettingsRefused("the alipay root certificate file holds none that is signed with RSA")
    return "_".join(serials)


def _read(pem: bytes, what: str) -> list[x509.Certificate]:
    try:
        found = [x509.load_pem_x509_certificate(block) for block in _BLOCK.findall(pem)]
    except ValueError as error:
        raise SettingsRefused(f"{what} cannot be read") from error
    if not found:
        raise SettingsRefused(f"{what} is not a PEM file of certificates")
    return found
