"""
SM2 by the libcrypto that is already here, bound with ctypes.

Run as a program with a library's path, it proves the library against a published answer: a library that lacks a symbol
may end the process, so it is tried in one that may end. Imports nothing of the gateway, so that the proof starts fast.

Facts: unionpay/sm2
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_void_p
from typing import TypeVar

DoneT = TypeVar("DoneT")

# SubjectPublicKeyInfo and PKCS#8 of a key on the curve, up to where the numbers begin.
_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PRIVATE = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PRIVATE_POINT = bytes.fromhex("a144034200")

_SYMBOLS: dict[str, tuple[object, tuple[object, ...]]] = {
    "EVP_sm3": (c_void_p, ()),
    "ERR_clear_error": (None, ()),
    "d2i_PUBKEY": (c_void_p, (c_void_p, POINTER(c_void_p), c_long)),
    "d2i_AutoPrivateKey": (c_void_p, (c_void_p, POINTER(c_void_p), c_long)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new": (c_void_p, (c_void_p, c_void_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_set1_id": (c_int, (c_void_p, c_char_p, c_int)),
    "EVP_PKEY_encrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_encrypt": (c_int, (c_void_p, c_void_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_MD_CTX_set_pkey_ctx": (None, (c_void_p, c_void_p)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestSign": (c_int, (c_void_p, c_void_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
}


class _Key:
    """An EVP_PKEY that is freed with its owner; `value` is None where the bytes are no key."""

    def __init__(self, library: ctypes.CDLL, reader: str, encoded: bytes) -> None:
        self._free = library.EVP_PKEY_free
        buffer = (c_ubyte * len(encoded)).from_buffer_copy(encoded)
        self.value = getattr(library, reader)(None, byref(ctypes.cast(buffer, c_void_p)), len(encoded))

    def __del__(self) -> None:
        if getattr(self, "value", None):
            self._free(self.value)


class Libcrypto:
    """An engine over one loaded library."""

    name = "libcrypto"

    def __init__(self, path: str) -> None:
        self._lib = ctypes.CDLL(path)
        for symbol, (result, arguments) in _SYMBOLS.items():
            function = getattr(self._lib, symbol)
            function.restype, function.argtypes = result, list(arguments)
        self._public = functools.lru_cache(maxsize=64)(self._read_public)
        self._private = functools.lru_cache(maxsize=16)(self._read_private)

    def sign(self, secret: bytes, point: bytes, text: bytes, *, user_id: bytes) -> bytes:
        """Sign with SM3, under *user_id*; returns r and s, 32 bytes each."""
        key = self._private(secret, point)
        if not key.value:
            raise ValueError("the secret and the point are no SM2 key")
        signature = self._with_digest(key, user_id, lambda digest: self._signed(digest, key, text))
        if signature is None:
            raise ValueError("libcrypto does not sign with this key")
        return raw_of_der(signature)

    def verify(self, point: bytes, text: bytes, *, signature: bytes, user_id: bytes) -> bool:
        """Tell whether *signature* (r and s) is the point's over *text*."""
        key = self._public(point)
        if len(signature) != 64 or not key.value:
            return False
        encoded = der_of_raw(signature)
        return bool(self._with_digest(key, user_id, lambda digest: self._verified(digest, key, text, encoded)))

    def encrypt(self, point: bytes, text: bytes) -> bytes:
        """Encrypt to the point; returns C1 with its 04, C3, C2."""
        key = self._public(point)
        context = self._lib.EVP_PKEY_CTX_new(key.value, None) if key.value else None
        if not context:
            raise ValueError("not a point of the SM2 curve")
        try:
            size = c_size_t(0)
            ready = self._lib.EVP_PKEY_encrypt_init(context) == 1
            if not ready or self._lib.EVP_PKEY_encrypt(context, None, byref(size), text, len(text)) != 1:
                raise ValueError("libcrypto does not encrypt to this point")
            out = ctypes.create_string_buffer(size.value)
            if self._lib.EVP_PKEY_encrypt(context, out, byref(size), text, len(text)) != 1:
                raise ValueError("libcrypto does not encrypt to this point")
            return _cipher_of_der(out.raw[: size.value])
        finally:
            self._lib.EVP_PKEY_CTX_free(context)

    def _with_digest(self, key: _Key, user_id: bytes, work: Callable[[int], DoneT]) -> DoneT | None:
        """Do *work* with a digest context whose signer is called *user_id*."""
        signer = self._lib.EVP_PKEY_CTX_new(key.value, None)
        digest = self._lib.EVP_MD_CTX_new()
        try:
            if not signer or not digest or self._lib.EVP_PKEY_CTX_set1_id(signer, user_id, len(user_id)) != 1:
                return None
            self._lib.EVP_MD_CTX_set_pkey_ctx(digest, signer)
            return work(digest)
        finally:
            self._lib.EVP_MD_CTX_free(digest)
            self._lib.EVP_PKEY_CTX_free(signer)
            self._lib.ERR_clear_error()

    def _signed(self, digest: int, key: _Key, text: bytes) -> bytes | None:
        lib, size = self._lib, c_size_t(128)
        out = ctypes.create_string_buffer(size.value)
        if lib.EVP_DigestSignInit(digest, None, lib.EVP_sm3(), None, key.value) != 1:
            return None
        if lib.EVP_DigestSign(digest, out, byref(size), text, len(text)) != 1:
            return None
        return out.raw[: size.value]

    def _verified(self, digest: int, key: _Key, text: bytes, signature: bytes) -> bool:
        lib = self._lib
        if lib.EVP_DigestVerifyInit(digest, None, lib.EVP_sm3(), None, key.value) != 1:
            return False
        return bool(lib.EVP_DigestVerify(digest, signature, len(signature), text, len(text)) == 1)

    def _read_public(self, point: bytes) -> _Key:
        encoded = _PUBLIC + point if len(point) == 65 else b""
        return _Key(self._lib, "d2i_PUBKEY", encoded or b"\0")

    def _read_private(self, secret: bytes, point: bytes) -> _Key:
        whole = len(secret) == 32 and len(point) == 65
        return _Key(self._lib, "d2i_AutoPrivateKey", _PRIVATE + secret + _PRIVATE_POINT + point if whole else b"\0")


def der_of_raw(raw: bytes) -> bytes:
    """Spell r and s as the library wants them."""
    body = _integer(raw[:32]) + _integer(raw[32:])
    return bytes([0x30, len(body)]) + body


def raw_of_der(encoded: bytes) -> bytes:
    """Spell r and s as UnionPay wants them: 32 bytes each."""
    r, at = _read_integer(encoded, 2)
    s, _ = _read_integer(encoded, at)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _integer(raw: bytes) -> bytes:
    number = int.from_bytes(raw, "big")
    body = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(body)]) + body


def _read_integer(encoded: bytes, at: int) -> tuple[int, int]:
    end = at + 2 + encoded[at + 1]
    return int.from_bytes(encoded[at + 2 : end], "big"), end


def _cipher_of_der(encoded: bytes) -> bytes:
    """Turn the library's sequence of x, y, C3 and C2 into C1, C3, C2."""
    at = 2 if encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F)
    x, at = _read_integer(encoded, at)
    y, at = _read_integer(encoded, at)
    check = encoded[at + 2 : at + 34]
    at += 34
    start = at + 2 if encoded[at + 1] < 0x80 else at + 2 + (encoded[at + 1] & 0x7F)
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + check + encoded[start:]


# The standard's sample key, and what it signed as number 69678957876 (tests/vectors/unionpay/sm2.json).
_SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
_POINT = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_TEXT = b"b7f0c13d45dd3b8f7be4deac3b967dc209155c66e43fc766b21bde9d48e0feae"
_SIGNATURE = bytes.fromhex(
    "ddf8d4fbcb3b241c48f1d8f300def6f234484167f47167a5bc227fde4c7631e0"
    "0375a997fbb2bb688c34ae581fc9a68b54cd382cc15d19885a9081bef9f405a7"
)


def proves_itself(path: str) -> bool:
    """Tell whether the library at *path* knows the published answer and agrees with itself."""
    engine = Libcrypto(path)
    known = engine.verify(_POINT, _TEXT, signature=_SIGNATURE, user_id=b"69678957876")
    deaf = engine.verify(_POINT, _TEXT, signature=_SIGNATURE, user_id=b"1234567812345678")
    fresh = engine.sign(_SECRET, _POINT, _TEXT, user_id=b"1")
    sealed = engine.encrypt(_POINT, _TEXT)
    return (
        known
        and not deaf
        and engine.verify(_POINT, _TEXT, signature=fresh, user_id=b"1")
        and (sealed[0], len(sealed)) == (4, 97 + len(_TEXT))
    )


if __name__ == "__main__":
    sys.exit(0 if proves_itself(sys.argv[1]) else 1)
