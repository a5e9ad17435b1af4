"""
Where the gateway's numbers come from, as a port.

Every id is at most 32 characters of [0-9A-Za-z]. The default draws from the operating system; a seeded source makes a
run repeatable, and must outlive a restart of the gateway within that run.

Facts: alipay/identifiers
"""

from __future__ import annotations

import hashlib
import os
from typing import Protocol


class Ids(Protocol):
    """Fresh identifiers."""

    def new(self, prefix: str) -> str:
        """Return a number never given before, beginning with *prefix* (a few letters)."""
        ...


class RandomIds:
    """96 bits from the operating system."""

    def new(self, prefix: str) -> str:
        return f"{prefix}{os.urandom(12).hex()}"


class SeededIds:
    """The same numbers for the same seed, in order of asking."""

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(16, "big", signed=True)
        self._asked = 0

    def new(self, prefix: str) -> str:
        self._asked += 1
        digest = hashlib.blake2b(self._asked.to_bytes(8, "big"), key=self._key, digest_size=12)
        return f"{prefix}{digest.hexdigest()}"
