"""
Key files of WeChat Pay: the merchant's certificate and key, the platform's certificates and public key, shared keys.

Says of a file that cannot be used which one it is and what it should have been.

Facts: wechatpay/key-material
"""

from __future__ import annotations

import functools

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reference_gateway.errors import SettingsRefused

SHARED_KEY_BYTES = 32


@functools.lru_cache(maxsize=8)
def load_private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Read the merchant's key; checking that its numbers are a key takes long, so each file is checked once."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except ValueError as error:
        raise SettingsRefused("the merchant's key is no PEM file of an RSA key; take apiclient_key.pem") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingsRefused("the merchant's key is not an RSA key; take apiclient_key.pem")
    return key


@functools.lru_cache(maxsize=8)
def load_public_key(pem: bytes) -> rsa.RSAPublicKey:
    """Read the platform's public key (微信支付公钥)."""
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise SettingsRefused("the WeChat Pay public key is no PEM file; take the one from the portal") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise SettingsRefused("the WeChat Pay public key is not an RSA key; take the one from the portal")
    return key


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read one or several certificates of one file."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise SettingsRefused("a certificate file of WeChat Pay is no PEM file of certificates") from error


def serial_of(certificate: x509.Certificate) -> str:
    """Write a serial as the vendor does: forty hexadecimal digits in upper case."""
    return f"{certificate.serial_number:040X}"


def shared_key(text: bytes, *, name: str) -> bytes:
    """Read an APIv2 or APIv3 key: exactly 32 characters, taken as bytes."""
    key = text.strip()
    if len(key) != SHARED_KEY_BYTES:
        raise SettingsRefused(f"the {name} has {len(key)} characters and not {SHARED_KEY_BYTES}; see the portal")
    return key
