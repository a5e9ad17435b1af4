"""
Public keys as people have them: PEM or bare base64, SPKI or PKCS#1, under either header, or a certificate.

Refuses private keys: none is needed to verify, and none should be carried about.
"""

import re
from base64 import b64decode
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mock_providers.errors import Undiagnosable

# A PKCS#1 public key becomes an SPKI one when this is put around it.
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


def read_public_key(text: bytes) -> RSAPublicKey:
    """
    Read one RSA public key.

    Raises:
        Undiagnosable: it is none, or it is a private one.
    """
    if b"PRIVATE" in text:
        raise Undiagnosable("this is a private key; give the public one: openssl rsa -in FILE -pubout")
    bare = re.sub(rb"-----[^-]*-----|\s", b"", text)
    try:
        der = b64decode(bare, validate=True)
    except ValueError:
        raise Undiagnosable("this is no public key: neither PEM nor base64") from None
    ways: tuple[Callable[[bytes], object], ...] = (load_der_public_key, _from_pkcs1, _from_certificate)
    for load in ways:
        try:
            key = load(der)
        except ValueError:
            continue
        if isinstance(key, RSAPublicKey):
            return key
    raise Undiagnosable("this is no RSA public key")


def _from_certificate(der: bytes) -> object:
    return x509.load_der_x509_certificate(der).public_key()


def _from_pkcs1(der: bytes) -> object:
    return load_der_public_key(_as_spki(der))


def _as_spki(der: bytes) -> bytes:
    bits = _tagged(0x03, b"\0" + der)
    return _tagged(0x30, _RSA_ALGORITHM + bits)


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
