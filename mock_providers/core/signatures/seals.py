"""
Signatures as they are received: how they were spelled, whose key made them, over which hash of what.

With PKCS#1 v1.5 the public key uncovers the digest that was signed, so that comparing a string costs one hash; padding
that is not valid proves that another key signed. A keyed digest uncovers nothing: every way to make it is tried, and
one that fits is proof. Knows no vendor and no parameter.
"""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from mock_providers.core.signatures.doctor import CAUSES, Cause, Opening, Seal

_PKCS1 = PKCS1v15()
_PSS_HASHES = ("sha256", "sha1", "sha512", "sha384")
# So many zero bytes stand there by chance in no signature.
_CERTAIN_ZEROS = 8
# What stands before the digest, for each hash.
_DIGEST_INFO = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}
_DIGEST_BYTES = {16: "md5", 20: "sha1", 32: "sha256", 64: "sha512"}
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_KEY_MATERIAL = re.compile(r"-----BEGIN|^MII[A-Za-z0-9+/\s]{300,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """
    A public key that we can name.

    Args:
        cause: what is wrong when it signed; None for the expected key itself.
    """

    cause: Cause | None
    key: RSAPublicKey


@dataclass(frozen=True, slots=True)
class Expected:
    """
    What a good signature would have been.

    Args:
        strangers: other keys whose marks we know.
        secrets: texts that a caller may have taken for an HMAC secret.
    """

    key: RSAPublicKey
    hash_name: str
    strangers: Sequence[KnownKey] = ()
    secrets: Sequence[bytes] = ()


def open_signature(text: str, expected: Expected) -> Opening:
    """Find the reading of a base64 signature under which a known key made it."""
    if _KEY_MATERIAL.search(text):
        return Opening((), (CAUSES("key_instead_of_signature"),), text_matters=False)
    spellings = _spellings(text, size=expected.key.key_size // 8)
    for raw, spelled in spellings:
        for owner in (KnownKey(None, expected.key), *expected.strangers):
            covered = _uncovered(owner.key, raw)
            if covered is not None:
                whose = (owner.cause,) if owner.cause else ()
                seal = _seal(covered, expected.hash_name, (*spelled, *whose))
                return Opening((seal,), seal.causes)
    if not spellings:
        return Opening((), (CAUSES("not_base64"),), text_matters=False)
    raw, spelled = spellings[0]
    return _closed(raw, spelled, expected)


@dataclass(frozen=True, slots=True)
class KeyedDigest:
    """
    One way to make a digest in which a shared secret takes part.

    Args:
        hash_name: "md5", "sha1", "sha256", "sha512", "sm3": what its size is known by.
        digest_of: from the text to the digest; the secret is in here.
        causes: what is wrong when this way was gone; nothing for the right one.
    """

    hash_name: str
    digest_of: Callable[[bytes], bytes]
    causes: tuple[Cause, ...] = ()


_SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sm3": 32, "sha384": 48, "sha512": 64}


def open_keyed_digest(text: str, ways: Sequence[KeyedDigest], *, upper: bool) -> Opening:
    """
    Every way that makes digests of this size, for a digest written in hexadecimal.

    Args:
        ways: the right one first.
        upper: how its letters are to be written.
    """
    raw, spelled = _hexadecimal(text, upper=upper)
    if raw is None:
        return Opening((), (CAUSES("not_hexadecimal"),), text_matters=False, riddle="digest_unknown")
    fitting = [way for way in ways if _SIZES[way.hash_name] == len(raw)]
    if not fitting:
        right = _SIZES[ways[0].hash_name]
        wrong_size = CAUSES("digest_size", got=str(len(raw)), expected=str(right))
        return Opening((), (wrong_size,), text_matters=False, riddle="digest_unknown")
    seals = tuple(_Digest(way.digest_of, raw, (*spelled, *way.causes)) for way in fitting)
    return Opening(seals, spelled, riddle="digest_unknown")


def _hexadecimal(text: str, *, upper: bool) -> tuple[bytes | None, tuple[Cause, ...]]:
    """The bytes that *text* stands for, and how it should have been written."""
    bare = re.sub(r"[\s'\"]", "", text)
    causes = _named("digest_blanks") if bare != text else ()
    if len(bare) % 2 == 0 and re.fullmatch(r"[0-9A-Fa-f]{2,256}", bare):
        right = bare.upper() if upper else bare.lower()
        return bytes.fromhex(bare), causes if bare == right else (*causes, *_named("digest_case"))
    raw = _decoded(bare)
    if raw is None or not raw:
        return None, causes
    inner = raw.decode("ascii", "replace")
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){8,64}", inner):
        raw = bytes.fromhex(inner)
    return raw, (*causes, *_named("digest_base64"))


def _closed(raw: bytes, spelled: tuple[Cause, ...], expected: Expected) -> Opening:
    """No known key opens it: perhaps it is no signature of this kind; what no text confirms is not said."""
    size = expected.key.key_size // 8
    if len(raw) == size:
        pss = list(_pss_seals(raw, spelled, expected))
        certain = [seal for seal in pss if seal.certain]
        return Opening(
            tuple(pss), certain[0].causes if certain else (CAUSES("no_known_key"),), text_matters=bool(certain)
        )
    seals: list[Seal] = []
    hash_name = _DIGEST_BYTES.get(len(raw))
    if hash_name is not None:
        seals.append(_Digest(_hashed(hash_name), raw, (*spelled, CAUSES("digest_not_signed"))))
        seals += [
            _Digest(_keyed(secret, hash_name), raw, (*spelled, CAUSES("hmac_with_key_text")))
            for secret in expected.secrets
        ]
    wrong_size = CAUSES("wrong_size", got=str(len(raw)), expected=str(size))
    return Opening(tuple(seals), (wrong_size,), text_matters=False)


def _spellings(text: str, *, size: int) -> list[tuple[bytes, tuple[Cause, ...]]]:
    """The bytes that *text* may stand for; the right spelling first, and alone where it gives the right size."""
    strict = _decoded(text)
    if strict is not None and len(strict) == size:
        return [(strict, ())]
    causes: list[str] = []
    if "%" in text:
        text = unquote(text)
        causes.append("sign_encoded_twice")
    if _HEX.fullmatch(text) and len(text) in {2 * size, *(2 * bytes_ for bytes_ in _DIGEST_BYTES)}:
        return [(bytes.fromhex(text), _named(*causes, "hex_not_base64"))]
    if text.strip("'\"") != text:
        text = text.strip("'\"")
        causes.append("sign_in_quotes")
    joined = "".join(line.strip(" ") for line in re.split(r"[\r\n\t]", text))
    if joined != text:
        text = joined
        causes.append("line_breaks")
    found = [_finished(text, tuple(causes), size=size)] if " " not in text else []
    if " " in text:
        found.append(_finished(text.replace(" ", "+"), (*causes, "plus_lost"), size=size))
        found.append(_finished(text.replace(" ", ""), (*causes, "line_breaks"), size=size))
    whole = [(raw, _named(*names)) for raw, names in found if raw is not None]
    return whole or ([(strict, ())] if strict is not None else [])


def _finished(text: str, causes: tuple[str, ...], *, size: int) -> tuple[bytes | None, tuple[str, ...]]:
    if "-" in text or "_" in text:
        text = text.translate({ord("-"): "+", ord("_"): "/"})
        causes = (*causes, "url_safe_base64")
    if len(text) % 4:
        text += "=" * (-len(text) % 4)
        causes = (*causes, "base64_padding") if "url_safe_base64" not in causes else causes
    raw = _decoded(text)
    inner = _decoded(raw.decode("ascii", "replace")) if raw is not None and len(raw) != size else None
    if inner is not None and len(inner) == size:
        return inner, (*causes, "base64_twice")
    return raw, causes


def _named(*names: str) -> tuple[Cause, ...]:
    return tuple(CAUSES(name) for name in names)


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _uncovered(key: RSAPublicKey, signature: bytes) -> bytes | None:
    """What was signed with the private half, or None when the padding says that it was not."""
    try:
        return key.recover_data_from_signature(signature, _PKCS1, None)
    except (InvalidSignature, ValueError):
        return None


def _seal(covered: bytes, hash_name: str, causes: tuple[Cause, ...]) -> "_Digest":
    for name, prefix in _DIGEST_INFO.items():
        head = bytes.fromhex(prefix)
        if covered.startswith(head) and len(covered) == len(head) + hashlib.new(name).digest_size:
            if name != hash_name:
                causes += (_other_hash(name, hash_name),)
            return _Digest(_hashed(name), covered[len(head) :], causes)
    used = _DIGEST_BYTES.get(len(covered))
    digest_of = _hashed(used) if used is not None else _as_it_is
    return _Digest(digest_of, covered, (*causes, CAUSES("no_digest_info")))


def _other_hash(used: str, expected: str) -> Cause:
    return CAUSES("other_hash", used=_spoken(used), expected=_spoken(expected))


def _spoken(hash_name: str) -> str:
    return hash_name.upper().replace("SHA", "SHA-")


def _hashed(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data).digest()


def _keyed(secret: bytes, name: str) -> Callable[[bytes], bytes]:
    return lambda data: hmac.digest(secret, data, name)


def _as_it_is(data: bytes) -> bytes:
    return data


@dataclass(frozen=True, slots=True)
class _Digest:
    """A signature of which the digest is known."""

    digest_of: Callable[[bytes], bytes]
    digest: bytes
    causes: tuple[Cause, ...]
    candidates_max: int = 10_000

    def covers(self, data: bytes) -> bool:
        return self.digest_of(data) == self.digest


@dataclass(frozen=True, slots=True)
class _Pss:
    """
    A signature with the other padding, unmasked.

    Args:
        certain: the padding alone proves it; with the longest salt there is nothing to prove it by.
    """

    hash_name: str
    seal: bytes
    salt: bytes
    certain: bool
    causes: tuple[Cause, ...]
    candidates_max: int = 10_000

    def covers(self, data: bytes) -> bool:
        message = hashlib.new(self.hash_name, data).digest()
        return hashlib.new(self.hash_name, bytes(8) + message + self.salt).digest() == self.seal


def _pss_seals(signature: bytes, spelled: tuple[Cause, ...], expected: Expected) -> Iterator[_Pss]:
    """Every known key and hash under which this is a signature with the other padding."""
    for owner in (KnownKey(None, expected.key), *expected.strangers):
        numbers, size = owner.key.public_numbers(), owner.key.key_size // 8
        block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(size, "big")
        whose = (owner.cause,) if owner.cause else ()
        for name in _PSS_HASHES if block[-1] == 0xBC else ():
            found = _unmasked(block, name)
            if found is not None:
                seal, zeros, salt = found
                hashed = () if name == expected.hash_name else (_other_hash(name, expected.hash_name),)
                causes = (*spelled, *whose, *hashed, CAUSES("pss_padding"))
                yield _Pss(name, seal, salt, zeros >= _CERTAIN_ZEROS, causes)


def _unmasked(block: bytes, hash_name: str) -> tuple[bytes, int, bytes] | None:
    """RFC 8017, 9.1.2: the seal, how many zero bytes stand before the salt, and the salt."""
    width = hashlib.new(hash_name).digest_size
    masked, seal = block[: -width - 1], block[-width - 1 : -1]
    rounds = -(-len(masked) // width)
    mask = b"".join(hashlib.new(hash_name, seal + number.to_bytes(4, "big")).digest() for number in range(rounds))
    plain = bytes(one ^ other for one, other in zip(masked, mask, strict=False))
    zeros, mark, salt = (bytes([plain[0] & 0x7F]) + plain[1:]).partition(b"\x01")
    return None if any(zeros) or not mark else (seal, len(zeros), salt)
