"""
SM2 and SM3 for the gateway: the fastest engine that proves itself here.

The libcrypto behind Python's own `hashlib` serves, else the system's (on Linux), each tried in a child process first;
else gmalg, which is pure Python and some forty times slower. `engine().name` says which.

Facts: unionpay/sm2
"""

from __future__ import annotations

import ctypes.util
import functools
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Protocol

import gmalg

from reference_gateway.channels.unionpay import sm2_libcrypto

CERTIFICATE_USER = b"1234567812345678"
"""The user id under which certificates are signed."""
PROOF_S = 20.0


class Engine(Protocol):
    """Points are 65 bytes beginning with 04, secrets 32 bytes, signatures r and s of 32 bytes each."""

    name: str

    def sign(self, secret: bytes, point: bytes, text: bytes, *, user_id: bytes) -> bytes: ...

    def verify(self, point: bytes, text: bytes, *, signature: bytes, user_id: bytes) -> bool: ...

    def encrypt(self, point: bytes, text: bytes) -> bytes: ...


class Gmalg:
    """The pure Python engine."""

    name = "gmalg"

    def sign(self, secret: bytes, point: bytes, text: bytes, *, user_id: bytes) -> bytes:
        r, s = gmalg.SM2(sk=secret, uid=user_id, pk=point).sign(text)
        return bytes(r).rjust(32, b"\0") + bytes(s).rjust(32, b"\0")

    def verify(self, point: bytes, text: bytes, *, signature: bytes, user_id: bytes) -> bool:
        if len(signature) != 64 or not self._is_point(point):
            return False
        return bool(gmalg.SM2(uid=user_id, pk=point).verify(text, signature[:32], signature[32:]))

    def encrypt(self, point: bytes, text: bytes) -> bytes:
        if not self._is_point(point):
            raise ValueError("not a point of the SM2 curve")
        return bytes(gmalg.SM2(pk=point).encrypt(text))

    def _is_point(self, point: bytes) -> bool:
        return len(point) == 65 and point[0] == 4 and bool(gmalg.SM2().verify_pk(point))


@functools.cache
def engine() -> Engine:
    """Return the engine that serves this process."""
    for path in _libraries():
        if is_proven(path):
            return sm2_libcrypto.Libcrypto(path)
    return Gmalg()


def is_proven(path: str) -> bool:
    """Try a library in a child process, which a wrong one may end."""
    command = [sys.executable, "-I", "-S", str(sm2_libcrypto.__file__), path]
    try:
        proof = subprocess.run(command, capture_output=True, check=False, timeout=PROOF_S)  # noqa: S603 (our own file)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return proof.returncode == 0


def sm3(data: bytes) -> bytes:
    """Return the 32 bytes of SM3."""
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", data).digest()
    slow = gmalg.SM3()
    slow.update(data)
    return bytes(slow.value())


def _libraries() -> Iterator[str]:
    own = getattr(sys.modules.get("_hashlib"), "__file__", None)
    if own:
        yield str(own)
    # Elsewhere the unversioned library ends the process, the child's too, with a crash report for the user.
    found = ctypes.util.find_library("crypto") if sys.platform.startswith("linux") else None
    if found:
        yield found
