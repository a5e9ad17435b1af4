"""
Encrypted content (接口内容加密): AES-128 in CBC mode over UTF-8 texts, both ways; holds no key and signs nothing.
"""

import binascii
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK_BITS = 128
# The vendor's choice: equal texts encrypt equally. Facts: alipay/aes
_IV = bytes(16)


class Undecipherable(Exception):
    """Content that this key does not open."""


def encrypted(text: bytes, *, key: bytes) -> str:
    """
    Base64 of the ciphertext.

    Facts: alipay/aes
    """
    padder = PKCS7(_BLOCK_BITS).padder()
    sealer = Cipher(AES(key), CBC(_IV)).encryptor()
    return b64encode(sealer.update(padder.update(text) + padder.finalize()) + sealer.finalize()).decode()


def decrypted(ciphertext: str, *, key: bytes) -> bytes:
    """
    Raises:
        Undecipherable: no base64, no whole blocks, or another key's padding.

    Facts: alipay/aes
    """
    try:
        raw = b64decode(ciphertext, validate=True)
        opener = Cipher(AES(key), CBC(_IV)).decryptor()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        return unpadder.update(opener.update(raw) + opener.finalize()) + unpadder.finalize()
    except (binascii.Error, ValueError) as problem:
        raise Undecipherable from problem


def looks_encrypted(text: str) -> bool:
    """Whether *text*, which is no JSON, may well be ciphertext: base64 of whole blocks."""
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(raw) and len(raw) % 16 == 0
