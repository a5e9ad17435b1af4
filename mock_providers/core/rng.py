"""Chance without a stream: a keyed hash of what is asked, so that no order of asking can change an answer."""

from functools import lru_cache
from hashlib import blake2b

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Every byte is a letter of its own; that some letters are a little likelier is nobody's business.
_AS_LETTERS = bytes(ord(_LETTERS[byte % len(_LETTERS)]) for byte in range(256))


def keyed_digest(seed: int, *parts: str, size: int = 32) -> bytes:
    """Hash *parts* under *seed*; lengths are hashed too, so no two lists of parts run into each other."""
    hashed = _begun(seed, size).copy()
    hashed.update("".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass"))
    return hashed.digest()


@lru_cache(maxsize=64)
def _begun(seed: int, size: int) -> blake2b:
    """A hash that knows its key."""
    return blake2b(digest_size=size, key=blake2b(str(seed).encode(), digest_size=32).digest())


def keyed_digits(length: int, seed: int, *parts: str) -> str:
    """*length* decimal digits."""
    number = int.from_bytes(keyed_digest(seed, *parts, size=32), "big")
    return str(number % 10**length).zfill(length)


def keyed_letters(length: int, seed: int, *parts: str) -> str:
    """*length* lower-case letters and digits, 64 at most."""
    return keyed_digest(seed, *parts, size=length).translate(_AS_LETTERS).decode("ascii")
