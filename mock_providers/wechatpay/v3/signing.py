"""
RSA with SHA-256 over lines of text, AES-256-GCM for resources, RSA-OAEP for sensitive fields.

Written from the facts alone; the gateway's room has its own, and neither has seen the other.
"""

import binascii
from base64 import b64decode, b64encode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

_PADDING = PKCS1v15()
_SHA256 = SHA256()
# SHA-1 is what the vendor's guide and tools use here. Facts: wechatpay/sensitive-fields
_OAEP = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """
    What a merchant signs: five lines, each with its line feed; the last one is the raw body.

    Facts: wechatpay/request-sign
    """
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode("utf-8", "surrogateescape") + body + b"\n"


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """
    What the platform signs below answers and notifies: three lines.

    Facts: wechatpay/answer-sign
    """
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """Base64 without line breaks."""
    return b64encode(key.sign(message, _PADDING, _SHA256)).decode()


def verified(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether *signature* is the key's over exactly *message*."""
    try:
        key.verify(b64decode(signature, validate=True), message, _PADDING, _SHA256)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def encrypt_resource(key: bytes, plain: bytes, *, nonce: str, associated_data: str) -> str:
    """
    Base64 of ciphertext and tag.

    Facts: wechatpay/gcm
    """
    return b64encode(AESGCM(key).encrypt(nonce.encode(), plain, associated_data.encode())).decode()


def encrypt_field(certificate: x509.Certificate, text: str) -> str:
    """
    A sensitive field for the merchant's eyes only.

    Facts: wechatpay/sensitive-fields
    """
    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    return b64encode(public.encrypt(text.encode(), _OAEP)).decode()


def decrypt_field(key: RSAPrivateKey, text: str) -> str | None:
    """
    Returns:
        The plain text, None where it was not encrypted for this key.

    Facts: wechatpay/sensitive-fields
    """
    try:
        return key.decrypt(b64decode(text, validate=True), _OAEP).decode()
    except (ValueError, binascii.Error):
        return None
