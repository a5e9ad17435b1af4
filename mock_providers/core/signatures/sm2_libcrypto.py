"""
SM2 by the system's libcrypto, through ctypes: signatures with a user id of one's own, and encryption.

Raw bytes only: r and s side by side, ciphertexts as C1, C3 and C2 side by side. Imports nothing of ours, because the
check whether a library is fit runs this file by itself in a child process: a library that is not may end its process.
"""

import sys
from ctypes import CDLL, addressof, byref, c_char_p, c_int, c_size_t, c_void_p, create_string_buffer
from functools import lru_cache

# SubjectPublicKeyInfo and PKCS#8 around a key on the SM2 curve.
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PKCS8 = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")

_NUMBER = c_int
_SIGNATURES: dict[str, tuple[object, ...]] = {
    "EVP_MD_CTX_new": (c_void_p,),
    "EVP_MD_CTX_free": (None, c_void_p),
    "EVP_MD_CTX_set_pkey_ctx": (None, c_void_p, c_void_p),
    "EVP_PKEY_CTX_new": (c_void_p, c_void_p, c_void_p),
    "EVP_PKEY_CTX_free": (None, c_void_p),
    "EVP_PKEY_CTX_set1_id": (_NUMBER, c_void_p, c_char_p, _NUMBER),
    "EVP_sm3": (c_void_p,),
    "EVP_DigestSignInit": (_NUMBER, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p),
    "EVP_DigestSign": (_NUMBER, c_void_p, c_char_p, c_void_p, c_char_p, c_size_t),
    "EVP_DigestVerifyInit": (_NUMBER, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p),
    "EVP_DigestVerify": (_NUMBER, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t),
    "EVP_PKEY_encrypt_init": (_NUMBER, c_void_p),
    "EVP_PKEY_encrypt": (_NUMBER, c_void_p, c_char_p, c_void_p, c_char_p, c_size_t),
    "EVP_PKEY_decrypt_init": (_NUMBER, c_void_p),
    "EVP_PKEY_decrypt": (_NUMBER, c_void_p, c_char_p, c_void_p, c_char_p, c_size_t),
    "EVP_PKEY_free": (None, c_void_p),
    "d2i_AutoPrivateKey": (c_void_p, c_void_p, c_void_p, c_size_t),
    "d2i_PUBKEY": (c_void_p, c_void_p, c_void_p, c_size_t),
    "i2d_PUBKEY": (_NUMBER, c_void_p, c_void_p),
    "ERR_clear_error": (None,),
}


class _Key:
    """A key inside the library; let go of with the object."""

    def __init__(self, lib: CDLL, handle: int) -> None:
        self._lib = lib
        self.handle = handle

    def __del__(self) -> None:
        self._lib.EVP_PKEY_free(self.handle)


class Libcrypto:
    """
    SM2 in one library.

    Raises:
        OSError: there is no such library.
        AttributeError: it lacks what is needed.
    """

    name = "libcrypto"

    def __init__(self, path: str) -> None:
        self._lib = lib = CDLL(path)
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        self._sm3 = lib.EVP_sm3()
        self._private = lru_cache(maxsize=256)(self._load_private)
        self._public = lru_cache(maxsize=4096)(self._load_public)

    def public_of(self, secret: bytes) -> bytes:
        """The point that belongs to a secret number, 65 bytes."""
        key = self._private(secret)
        buffer = create_string_buffer(self._lib.i2d_PUBKEY(key.handle, None))
        size = self._lib.i2d_PUBKEY(key.handle, byref(c_void_p(addressof(buffer))))
        return buffer.raw[size - 65 : size]

    def sign(self, secret: bytes, data: bytes, *, user_id: bytes) -> bytes:
        """64 bytes over SM3 of *data*."""
        out, size = create_string_buffer(80), c_size_t(80)
        key = self._private(secret)
        with _Digest(self._lib, key, user_id) as context:
            self._must(self._lib.EVP_DigestSignInit(context, None, self._sm3, None, key.handle))
            self._must(self._lib.EVP_DigestSign(context, out, byref(size), data, len(data)))
        numbers, _ = _taken(out.raw[: size.value], 0x30)
        r, s = _taken(numbers, 0x02)
        return _wide(r) + _wide(_taken(s, 0x02)[0])

    def verify(self, point: bytes, data: bytes, *, signature: bytes, user_id: bytes) -> bool:
        """Whether the 64 bytes are the key's over *data*; False for a point that is on no curve too."""
        try:
            key = self._public(point)
        except ValueError:
            return False
        if len(signature) != 64:
            return False
        der = _sequence(_integer(signature[:32]) + _integer(signature[32:]))
        with _Digest(self._lib, key, user_id) as context:
            self._must(self._lib.EVP_DigestVerifyInit(context, None, self._sm3, None, key.handle))
            good = bool(self._lib.EVP_DigestVerify(context, der, len(der), data, len(data)) == 1)
        self._lib.ERR_clear_error()
        return good

    def encrypt(self, point: bytes, plain: bytes) -> bytes:
        """C1, C3 and C2."""
        der = self._run("encrypt", self._public(point), plain)
        x, rest = _taken(_taken(der, 0x30)[0], 0x02)
        y, rest = _taken(rest, 0x02)
        digest, rest = _taken(rest, 0x04)
        return b"\x04" + _wide(x) + _wide(y) + digest + _taken(rest, 0x04)[0]

    def decrypt(self, secret: bytes, cipher: bytes) -> bytes:
        """
        The plain text.

        Raises:
            ValueError: no ciphertext of this key.
        """
        if len(cipher) < 98 or cipher[0] != 4:
            raise ValueError("a ciphertext is a point, a hash and a text")
        numbers = _integer(cipher[1:33]) + _integer(cipher[33:65])
        der = _sequence(numbers + _tagged(0x04, cipher[65:97]) + _tagged(0x04, cipher[97:]))
        return self._run("decrypt", self._private(secret), der)

    def _run(self, what: str, key: _Key, data: bytes) -> bytes:
        lib = self._lib
        context = lib.EVP_PKEY_CTX_new(key.handle, None)
        try:
            self._must(getattr(lib, f"EVP_PKEY_{what}_init")(context))
            work, size = getattr(lib, f"EVP_PKEY_{what}"), c_size_t(0)
            self._must(work(context, None, byref(size), data, len(data)))
            out = create_string_buffer(size.value)
            self._must(work(context, out, byref(size), data, len(data)))
            return out.raw[: size.value]
        finally:
            lib.EVP_PKEY_CTX_free(context)

    def _load_private(self, secret: bytes) -> _Key:
        der = _PKCS8 + secret
        return self._loaded(self._lib.d2i_AutoPrivateKey, der)

    def _load_public(self, point: bytes) -> _Key:
        if len(point) != 65:
            raise ValueError("a point has 65 bytes")
        return self._loaded(self._lib.d2i_PUBKEY, _SPKI + point)

    def _loaded(self, load: object, der: bytes) -> _Key:
        buffer = create_string_buffer(der, len(der))
        place = c_void_p(addressof(buffer))
        handle = load(None, byref(place), len(der))  # type: ignore[operator]  # a function of the library
        if not handle:
            self._lib.ERR_clear_error()
            raise ValueError("this is no key on the SM2 curve")
        return _Key(self._lib, handle)

    def _must(self, result: int) -> None:
        if result != 1:
            self._lib.ERR_clear_error()
            raise ValueError("libcrypto refuses this SM2 operation")


class _Digest:
    """A context for one signature, with the signer's id in it."""

    def __init__(self, lib: CDLL, key: _Key, user_id: bytes) -> None:
        self._lib = lib
        self._digest = lib.EVP_MD_CTX_new()
        self._key = lib.EVP_PKEY_CTX_new(key.handle, None)
        lib.EVP_PKEY_CTX_set1_id(self._key, user_id, len(user_id))
        lib.EVP_MD_CTX_set_pkey_ctx(self._digest, self._key)

    def __enter__(self) -> int:
        return self._digest  # type: ignore[no-any-return]  # a pointer

    def __exit__(self, *_: object) -> None:
        self._lib.EVP_MD_CTX_free(self._digest)
        self._lib.EVP_PKEY_CTX_free(self._key)


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    width = (size.bit_length() + 7) // 8
    return bytes([0x80 | width]) + size.to_bytes(width, "big")


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _length(len(content)) + content


def _sequence(content: bytes) -> bytes:
    return _tagged(0x30, content)


def _integer(digits: bytes) -> bytes:
    plain = digits.lstrip(b"\0") or b"\0"
    return _tagged(0x02, b"\0" + plain if plain[0] & 0x80 else plain)


def _taken(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first element, and what follows it."""
    if len(der) < 2 or der[0] != tag:
        raise ValueError("libcrypto wrote something unexpected")
    size, start = der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start], "big")
    return der[start : start + size], der[start + size :]


def _wide(number: bytes) -> bytes:
    return int.from_bytes(number, "big").to_bytes(32, "big")


# The sample of GB/T 32918.5: key, its point, and a signature over "message digest" under the usual id.
SAMPLE_SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
SAMPLE_POINT = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SAMPLE_TEXT = b"message digest"
SAMPLE_ID = b"1234567812345678"
SAMPLE_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def answers_rightly(path: str) -> bool:
    """Whether the library there verifies the standard's sample, refuses a damaged one, and undoes its own work."""
    library = Libcrypto(path)
    damaged = bytes([SAMPLE_SIGNATURE[0] ^ 1]) + SAMPLE_SIGNATURE[1:]
    own = library.sign(SAMPLE_SECRET, SAMPLE_TEXT, user_id=b"69678957876")
    return (
        library.public_of(SAMPLE_SECRET) == SAMPLE_POINT
        and library.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=SAMPLE_SIGNATURE, user_id=SAMPLE_ID)
        and not library.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=damaged, user_id=SAMPLE_ID)
        and library.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=own, user_id=b"69678957876")
        and not library.verify(SAMPLE_POINT, SAMPLE_TEXT, signature=own, user_id=SAMPLE_ID)
        and library.decrypt(SAMPLE_SECRET, library.encrypt(SAMPLE_POINT, SAMPLE_TEXT)) == SAMPLE_TEXT
    )


if __name__ == "__main__":
    sys.exit(0 if answers_rightly(sys.argv[1]) else 1)
