"""
Encrypted content: AES in CBC mode with an IV of zero bytes, as base64.

The cipher hides and does not protect; what protects is the signature over the ciphertext.

Facts: alipay/aes
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from reference_gateway.errors import SettingsRefused

_BLOCK_BITS = 128
_IV = bytes(16)


def content_key(text: str) -> bytes:
    """Read the key that the console shows, base64 of 16 bytes."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingsRefused("the alipay AES key is not base64") from error
    if len(key) not in {16, 24, 32}:
        raise SettingsRefused(f"the alipay AES key has {len(key)} bytes; 16 are expected")
    return key


class ContentCipher:
    """Encrypts what is asked and decrypts what is answered."""

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(_IV))

    def encrypt(self, text: str) -> str:
        """Return the ciphertext as base64."""
        padder, encryptor = padding.PKCS7(_BLOCK_BITS).padder(), self._cipher.encryptor()
        padded = padder.update(text.encode()) + padder.finalize()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def decrypt(self, text: str) -> str:
        """
        Return the clear text.

        Raises:
            ValueError: not base64, not whole blocks, wrongly padded, or not UTF-8.
        """
        decryptor, unpadder = self._cipher.decryptor(), padding.PKCS7(_BLOCK_BITS).unpadder()
        padded = decryptor.update(base64.b64decode(text, validate=True)) + decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
