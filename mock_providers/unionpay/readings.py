"""
The ways to read a received signature: which method, which key, hashed how, under which user id.

The texts that may have been signed are the doctor's; what is made of a text before a key or a digest takes it is here,
for the vendor hashes twice and callers hash once, or otherwise.
"""

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from mock_providers.core.signatures import sm2
from mock_providers.core.signatures.doctor import CAUSES as CORE_CAUSES
from mock_providers.core.signatures.doctor import Cause, Opening, Seal
from mock_providers.core.signatures.seals import Expected, KeyedDigest, open_keyed_digest, open_signature
from mock_providers.unionpay.recipe import CAUSES
from mock_providers.unionpay.signing import KEYED_SHA256, sm2_message

Inner = Callable[[bytes], bytes]
# A trial with SM2 costs a third of a millisecond.
_SM2_CANDIDATES_MAX = 260
_SM2_FEW = 40


@dataclass(frozen=True, slots=True)
class _After:
    """A reading of the signature itself, behind one way to hash the text first."""

    seal: Seal
    inner: Inner
    causes: tuple[Cause, ...]

    @property
    def candidates_max(self) -> int:
        return self.seal.candidates_max

    def covers(self, data: bytes) -> bool:
        return self.seal.covers(self.inner(data))


def _hex_of(name: str) -> Inner:
    return lambda data: hashlib.new(name, data).hexdigest().encode()


def _inner_ways(right: str) -> Iterator[tuple[Inner, tuple[Cause, ...]]]:
    """
    What is done with the text before RSA's own hash; the right way first.

    Facts: unionpay/sign-methods
    """
    yield _hex_of(right), ()
    yield lambda data: data, (CAUSES("hashed_once"),)
    yield lambda data: _hex_of(right)(data).upper(), (CAUSES("hash_upper_case"),)
    yield lambda data: hashlib.new(right, data).digest(), (CAUSES("hash_as_bytes"),)
    for other in ("sha256", "sha1", "md5", "sm3"):
        if other != right:
            yield _hex_of(other), (CAUSES("other_first_hash", used=other.upper(), expected=right.upper()),)


def open_rsa(signature: str, expected: Expected, faults: Sequence[Cause]) -> Opening:
    """
    A signature of method 01.

    Args:
        faults: what is wrong with the certificate in any case.
    """
    opened = open_signature(signature, expected)
    seals = [
        _After(seal, inner, (*faults, *seal.causes, *causes))
        for seal in opened.seals
        for inner, causes in _inner_ways(expected.hash_name)
    ]
    return Opening(tuple(seals), (*faults, *opened.otherwise), text_matters=opened.text_matters)


@dataclass(frozen=True, slots=True)
class Secrets:
    """
    Args:
        right: the merchant's key.
        others: texts that a caller may have taken for it, each with the cause's name.
    """

    right: str
    others: Sequence[tuple[str, str]]


def open_keyed(signature: str, method: str, secrets: Secrets) -> Opening:
    """
    A signature of method 11 or 12.

    Facts: unionpay/sign-methods
    """
    return open_keyed_digest(signature, tuple(_keyed_ways(method, secrets)), upper=False)


def _keyed_ways(method: str, secrets: Secrets) -> Iterator[KeyedDigest]:
    name, other = ("sha256", "sm3") if method == KEYED_SHA256 else ("sm3", "sha256")
    key = secrets.right.encode()
    yield KeyedDigest(name, _keyed(name, name, key))
    yield KeyedDigest(name, lambda data: hashlib.new(name, data + b"&" + key).digest(), (CAUSES("key_not_hashed"),))
    yield KeyedDigest(name, _keyed(name, name, key, upper=True), (CAUSES("key_hash_upper_case"),))
    yield KeyedDigest(name, _keyed(name, name, key, mark=b""), (CAUSES("key_without_ampersand"),))
    yield KeyedDigest(name, _keyed(name, name, key, mark=b"&key="), (CAUSES("key_with_a_name"),))
    yield KeyedDigest(name, lambda data: hashlib.new(name, data).digest(), (CAUSES("key_left_out"),))
    for secret in (key, _hex_of(name)(key)):
        yield KeyedDigest(name, partial(hmac.digest, secret, digest=name), (CAUSES("hmac_made"),))
    mixed = CAUSES("other_digest", used=other.upper(), expected=name.upper())
    for text_hash, key_hash in ((other, other), (name, other), (other, name)):
        yield KeyedDigest(text_hash, _keyed(text_hash, key_hash, key), (mixed,))
    for secret_text, cause in secrets.others:
        yield KeyedDigest(name, _keyed(name, name, secret_text.encode()), (CAUSES(cause),))


def _keyed(name: str, key_name: str, key: bytes, *, mark: bytes = b"&", upper: bool = False) -> Inner:
    tail = hashlib.new(key_name, key).hexdigest().encode()
    tail = tail.upper() if upper else tail
    return lambda data: hashlib.new(name, data + mark + tail).digest()


@dataclass(frozen=True, slots=True)
class Owner:
    """A public key that we can name, and what is wrong when it signed."""

    key: sm2.PublicKey
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sm2Seal:
    """One key, one user id, one way to hash the text first."""

    key: sm2.PublicKey
    raw: bytes
    user_id: bytes
    inner: Inner
    causes: tuple[Cause, ...]
    candidates_max: int

    def covers(self, data: bytes) -> bool:
        return self.key.verified(self.inner(data), signature=self.raw, user_id=self.user_id)


def open_sm2(signature: str, cert_id: str, owners: Sequence[Owner], faults: Sequence[Cause]) -> Opening:
    """
    A signature of method 21; the first owner is the right one.

    Facts: unionpay/sm2
    """
    found = _sixty_four(signature)
    if found is None:
        return Opening((), (*faults, CAUSES("no_sm2_signature")), text_matters=False)
    raw, spelled = found
    ways = tuple(_sm2_ways(cert_id))
    seals = [
        _Sm2Seal(owner.key, raw, user_id, inner, (*faults, *spelled, *owner.causes, *causes), most)
        for owner in owners
        for user_id, inner, causes, most in ways
    ]
    return Opening(tuple(seals), (*faults, *spelled))


def _sm2_ways(cert_id: str) -> Iterator[tuple[bytes, Inner, tuple[Cause, ...], int]]:
    number = cert_id.encode()
    yield number, sm2_message, (), _SM2_CANDIDATES_MAX
    usual, once = CAUSES("usual_user_id"), CAUSES("hashed_once")
    yield sm2.DEFAULT_ID, sm2_message, (usual,), _SM2_FEW
    yield number, lambda data: data, (once,), _SM2_FEW
    yield sm2.DEFAULT_ID, lambda data: data, (usual, once), _SM2_FEW
    yield number, lambda data: sm2_message(data).upper(), (CAUSES("hash_upper_case"),), _SM2_FEW
    yield number, sm2.sm3, (CAUSES("hash_as_bytes"),), _SM2_FEW
    other = CAUSES("other_first_hash", used="SHA256", expected="SM3")
    yield number, _hex_of("sha256"), (other,), _SM2_FEW
    if cert_id.isascii() and cert_id.isdigit() and len(cert_id) < 40:
        yield f"{int(cert_id):x}".encode(), sm2_message, (CAUSES("user_id_in_hex"),), _SM2_FEW


def _sixty_four(text: str) -> tuple[bytes, tuple[Cause, ...]] | None:
    """The two numbers in whatever spelling, with what is wrong with it."""
    if "%" in text:
        found = _sixty_four(unquote(text).replace("%", ""))
        return None if found is None else (found[0], (CORE_CAUSES("sign_encoded_twice"), *found[1]))
    if len(text) == 128 and all(letter in "0123456789abcdefABCDEF" for letter in text):
        return bytes.fromhex(text), (CAUSES("sm2_hex"),)
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None
    if len(raw) == 64:
        return raw, ()
    numbers = _from_der(raw)
    return None if numbers is None else (numbers, (CAUSES("sm2_der"),))


def _from_der(raw: bytes) -> bytes | None:
    """The two numbers of SEQUENCE { INTEGER, INTEGER }."""
    if len(raw) < 8 or raw[0] != 0x30 or raw[1] != len(raw) - 2 or raw[2] != 2:
        return None
    size = raw[3]
    first, rest = raw[4 : 4 + size], raw[4 + size :]
    if len(rest) < 3 or rest[0] != 2 or rest[1] != len(rest) - 2 or max(size, rest[1]) > 33:
        return None
    return b"".join(int.from_bytes(one, "big").to_bytes(33, "big")[1:] for one in (first, rest[2:]))
