"""
API v3's signatures and encryption from the merchant's side: sign requests, verify answers and notifies, open resources.

What arrived is what gets verified: the raw body between its stamp and its nonce. Knows nothing of what bodies mean, and
not which key belongs to which serial.

Facts: wechatpay/request-sign, wechatpay/answer-sign, wechatpay/gcm, wechatpay/sensitive-fields
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reference_gateway.errors import SignatureRejected

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
GCM = "AEAD_AES_256_GCM"
# Facts: wechatpay/sensitive-fields. SHA-1 is the vendor's choice; OAEP does not lean on its collisions.
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303
SENSITIVE_BYTES_MAX = 214


def request_text(method: str, target: str, *, timestamp: str, nonce: str, body: bytes) -> bytes:
    """
    Build what a request's signature covers: five lines, each with its line feed.

    Args:
        target: path and query exactly as they stand on the wire.

    Facts: wechatpay/request-sign
    """
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_text(*, timestamp: str, nonce: str, body: bytes) -> bytes:
    """
    Build what the signature of an answer or a notify covers: three lines, each with its line feed.

    Facts: wechatpay/answer-sign
    """
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def lines_text(*lines: str) -> bytes:
    """
    Build what the parameters for the wallet are signed over.

    Facts: wechatpay/client-sign
    """
    return "".join(f"{line}\n" for line in lines).encode()


def authorization(*, mchid: str, serial_no: str, timestamp: str, nonce: str, signature: str) -> str:
    """
    Write the Authorization header.

    Facts: wechatpay/authorization
    """
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial_no}"'
    )


def sign(key: rsa.RSAPrivateKey, text: bytes) -> str:
    """SHA-256 with RSA, PKCS#1 v1.5, base64 without line breaks."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def verify(key: rsa.RSAPublicKey, text: bytes, signature: str) -> None:
    """
    Check a signature as it stood in its header.

    Raises:
        SignatureRejected: it does not match, is no base64, or is one of the vendor's probes.

    Facts: wechatpay/probes
    """
    if signature.startswith(PROBE_PREFIX):
        raise SignatureRejected("the signature is one of the vendor's probes", code="signature_probe")
    try:
        key.verify(base64.b64decode(signature, validate=True), text, padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError) as error:
        raise SignatureRejected("the signature is not base64") from error
    except InvalidSignature as error:
        raise SignatureRejected from error


def decrypt(apiv3_key: bytes, *, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """
    Open a resource or a certificate; what does not open was not made by whoever knows the key.

    Raises:
        SignatureRejected: another key, another nonce, other associated data, or damage.

    Facts: wechatpay/gcm
    """
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(apiv3_key).decrypt(nonce.encode(), sealed, associated_data.encode())
    except (binascii.Error, ValueError) as error:
        raise SignatureRejected("the ciphertext or its nonce cannot be read", code="decryption_failed") from error
    except InvalidTag as error:
        raise SignatureRejected("the ciphertext does not open with our key", code="decryption_failed") from error


def encrypt_field(key: rsa.RSAPublicKey, text: str) -> str:
    """
    Encrypt a sensitive field for the platform.

    Raises:
        ValueError: longer than 214 bytes.

    Facts: wechatpay/sensitive-fields
    """
    plain = text.encode()
    if len(plain) > SENSITIVE_BYTES_MAX:
        raise ValueError(f"a sensitive field may have {SENSITIVE_BYTES_MAX} bytes at most")
    return base64.b64encode(key.encrypt(plain, _OAEP)).decode()
