"""
SM2: signatures with a user id, encryption and keys, by whichever of two engines serves here.

The system's libcrypto does thousands of signatures a second and is taken where it proves itself; `gmalg` does a hundred
and is always there. Knows no vendor: what is signed, and as whom, is for the caller to say. SM3 comes with `hashlib`
or, where that has none, with `cryptography`.
"""

import hashlib
import secrets
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SM3, Hash

from mock_providers.core.signatures import sm2_libcrypto
from mock_providers.core.signatures.sm2_gmalg import Gmalg

# The order of the curve's group, GB/T 32918.5.
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
# The user id of certificates and of whoever agreed on none.
DEFAULT_ID = b"1234567812345678"

_CHECK_S = 20.0


class Engine(Protocol):
    """What serves; see `sm2_libcrypto.Libcrypto` for the shapes."""

    @property
    def name(self) -> str:
        """Shown to people."""
        ...

    def public_of(self, secret: bytes) -> bytes:
        """The point of a secret number."""
        ...

    def sign(self, secret: bytes, data: bytes, *, user_id: bytes) -> bytes:
        """64 bytes."""
        ...

    def verify(self, point: bytes, data: bytes, *, signature: bytes, user_id: bytes) -> bool:
        """Whether *signature* covers *data*."""
        ...

    def encrypt(self, point: bytes, plain: bytes) -> bytes:
        """C1, C3 and C2."""
        ...

    def decrypt(self, secret: bytes, cipher: bytes) -> bytes:
        """The plain text; ValueError where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """
    A point on the curve.

    Args:
        point: 65 bytes, the first of them 4.
    """

    point: bytes

    def verified(self, data: bytes, *, signature: bytes, user_id: bytes = DEFAULT_ID) -> bool:
        """Whether the 64 bytes of *signature* are this key's over *data*."""
        return engine().verify(self.point, data, signature=signature, user_id=user_id)

    def encrypt(self, plain: bytes) -> bytes:
        """C1, C3 and C2; C1 begins with a 4."""
        return engine().encrypt(self.point, plain)


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """
    A secret number with its point.

    Args:
        secret: 32 bytes.
    """

    secret: bytes
    public: PublicKey

    def sign(self, data: bytes, *, user_id: bytes = DEFAULT_ID) -> bytes:
        """Two numbers of 32 bytes each, r and s."""
        return engine().sign(self.secret, data, user_id=user_id)

    def decrypt(self, cipher: bytes) -> bytes:
        """
        The plain text.

        Raises:
            ValueError: no ciphertext of this key.
        """
        return engine().decrypt(self.secret, cipher)


def generate() -> PrivateKey:
    """A fresh key."""
    return private_key((1 + secrets.randbelow(_ORDER - 2)).to_bytes(32, "big"))


def private_key(secret: bytes) -> PrivateKey:
    """The key of a secret number."""
    return PrivateKey(secret, PublicKey(engine().public_of(secret)))


@cache
def engine() -> Engine:
    """The engine that serves in this process, found out once; `engine().name` says which."""
    return next((sm2_libcrypto.Libcrypto(path) for path in _libraries() if _proven(path)), Gmalg())


def _libraries() -> Iterator[str]:
    """
    Where a libcrypto may be: what Python's own hashes stand on comes first.

    Elsewhere than on Linux the system's unversioned library ends the process that loads it, so it is not looked for.
    """
    try:
        import _hashlib  # noqa: PLC0415  absent where Python was built without OpenSSL
    except ImportError:
        pass
    else:
        yield _hashlib.__file__
    found = find_library("crypto") if sys.platform == "linux" else None
    if found is not None:
        yield found


def _proven(path: str) -> bool:
    """Whether the library has what is needed and knows the standard's sample, asked in a process that may die of it."""
    command = [sys.executable, "-I", "-S", sm2_libcrypto.__file__, path]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=_CHECK_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def sm3(data: bytes) -> bytes:
    """32 bytes."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", data).digest()
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()
