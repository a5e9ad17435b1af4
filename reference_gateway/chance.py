"""
Where the gateway's chance comes from, as a port.

Only one thing here is left to chance: how a red packet is split. A seeded source makes a run repeatable.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Protocol


class Rng(Protocol):
    """Fair draws."""

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to *limit* - 1."""
        ...


class SystemRng:
    """The operating system's."""

    def below(self, limit: int) -> int:
        return secrets.randbelow(limit)


class SeededRng:
    """The same draws for the same seed, in order of asking."""

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(16, "big", signed=True)
        self._asked = 0

    def below(self, limit: int) -> int:
        self._asked += 1
        digest = hashlib.blake2b(self._asked.to_bytes(8, "big"), key=self._key, digest_size=16)
        return int.from_bytes(digest.digest(), "big") % limit  # 128 bits: the bias is beyond measuring
