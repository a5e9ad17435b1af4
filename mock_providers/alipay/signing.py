"""
RSA2 and RSA as Alipay uses them: which parameters are signed, and PKCS#1 v1.5 over their text.

Written from the facts alone; the gateway's room has its own, and neither has seen the other.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from mock_providers.core.plans import Seal

_PADDING = PKCS1v15()
# RSA with SHA-1 is what "RSA" means to Alipay; old merchants still send it.
HASHES: Mapping[str, HashAlgorithm] = MappingProxyType({"RSA2": SHA256(), "RSA": SHA1()})  # noqa: S303


def request_text(params: Mapping[str, str]) -> str:
    """
    The string a merchant signs: all parameters but `sign`, without empty ones, sorted by name, values decoded.

    Facts: alipay/sign-string, alipay/empty-values
    """
    return _joined([(name, value) for name, value in params.items() if name != "sign" and value.strip()])


def notify_text(fields: Mapping[str, str]) -> str:
    """
    The string the platform signs in a notify: `sign` and `sign_type` both stay out, and empty values stay in.

    Verifiers disagree on empty values, so notifies carry none; see `notify.py`.

    Facts: alipay/notify-sign
    """
    return _joined([(name, value) for name, value in fields.items() if name not in {"sign", "sign_type"}])


def _joined(pairs: list[tuple[str, str]]) -> str:
    return "&".join([f"{name}={value}" for name, value in sorted(pairs)])


def sign(key: RSAPrivateKey, text: bytes, sign_type: str) -> str:
    """
    Base64 without line breaks.

    Facts: alipay/common-params
    """
    return b64encode(key.sign(text, _PADDING, HASHES[sign_type])).decode()


@lru_cache(maxsize=256)
def sign_once(key: RSAPrivateKey, text: bytes, sign_type: str) -> str:
    """The same for what is sent several times: this padding is deterministic, so equal copies need signing once."""
    return sign(key, text, sign_type)


def downgraded(sign_type: str, seal: Seal) -> tuple[str, Seal]:
    """
    By which type a fault has a message signed, and whose signature that is; below RSA there is nothing but strangers.

    Facts: alipay/notify-sign
    """
    if seal is Seal.WEAKER and sign_type == "RSA2":
        return "RSA", Seal.TRUE
    return sign_type, seal.among()


def verified(key: RSAPublicKey, text: bytes, *, signature: str, sign_type: str) -> bool:
    """Whether *signature* is the key's over exactly *text*."""
    try:
        key.verify(b64decode(signature, validate=True), text, _PADDING, HASHES[sign_type])
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
