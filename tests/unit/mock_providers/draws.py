"""
Choices by keyed hash: mutation 4711 of seed 7 is the same everywhere, whoever asks for it and in whatever order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from mock_providers.core.rng import keyed_digest

T = TypeVar("T")


@dataclass(slots=True)
class Draw:
    """
    The choices of one mutation.
    """

    seed: int
    number: int
    _drawn: int = 0

    def below(self, limit: int) -> int:
        self._drawn += 1
        return int.from_bytes(keyed_digest(self.seed, str(self.number), str(self._drawn), size=8), "big") % limit

    def one(self, of: Sequence[T]) -> T:
        return of[self.below(len(of))]
