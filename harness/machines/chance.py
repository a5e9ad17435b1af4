"""
Where a hunt's chance comes from: a keyed hash of its seed, and nothing else.

Hypothesis's own source also draws constants that it finds in the code of whatever modules happen to be imported, so
that the same seed would think of other stories in another process. This one is a backend as Hypothesis offers it: it
makes the draws; shrinking, which draws nothing, stays Hypothesis's affair. It refuses to know what a draw is for.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

if TYPE_CHECKING:
    from hypothesis.internal.intervalsets import IntervalSet

BACKEND = "payproof"
WORD_BYTES = 8
WORD = 1 << 8 * WORD_BYTES
# Numbers without bounds, and how long a text or a list of bytes is, where nothing says more; no story draws any.
WIDE = 1 << 32
LONG = 8


@contextmanager
def chance_of(seed: int) -> Iterator[str]:
    """
    The name of a backend that draws what *seed* says, for as long as the hunt lasts.
    """

    class Seeded(Chance):
        """Hypothesis makes one for each hunt."""

        def __init__(self, conjecturedata: object, /) -> None:
            super().__init__(conjecturedata, seed=seed)

    AVAILABLE_PROVIDERS[BACKEND] = Seeded
    try:
        yield BACKEND
    finally:
        del AVAILABLE_PROVIDERS[BACKEND]


class Chance(PrimitiveProvider):
    """
    Draws in the order in which they are asked for, each evenly among what is allowed.
    """

    lifetime = "test_function"

    def __init__(self, conjecturedata: Any, /, *, seed: int = 0) -> None:
        super().__init__(conjecturedata)
        self._words = _words(seed)

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self._share() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: Mapping[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """
        Args:
            weights: how likely some of the values are; the rest falls to all of them alike.
        """
        least = max_value - WIDE if min_value is None and max_value is not None else min_value
        least = shrink_towards - WIDE if least is None else least
        most = max(least, shrink_towards) + WIDE if max_value is None else max_value
        share = self._share() if weights else 1.0
        for value, weight in (weights or {}).items():
            share -= weight
            if share < 0:
                return value
        return least + self._below(most - least + 1)

    def draw_float(
        self,
        *,
        min_value: float = -math.inf,
        max_value: float = math.inf,
        allow_nan: bool = True,
        smallest_nonzero_magnitude: float,
    ) -> float:
        del allow_nan  # a share of a span is a number
        least, most = max(min_value, -float(WIDE)), min(max_value, float(WIDE))
        drawn = min(most, least + self._share() * (most - least))
        return drawn if abs(drawn) >= smallest_nonzero_magnitude else least

    def draw_string(self, intervals: "IntervalSet", *, min_size: int = 0, max_size: int = LONG) -> str:
        letters = len(intervals)
        return "".join(chr(intervals[self._below(letters)]) for _ in range(self._length(min_size, max_size, letters)))

    def draw_bytes(self, min_size: int = 0, max_size: int = LONG) -> bytes:
        return bytes(self._below(256) for _ in range(self._length(min_size, max_size, 256)))

    def _length(self, least: int, most: int, letters: int) -> int:
        return least + self._below(min(most, least + LONG) - least + 1) if letters else 0

    def _share(self) -> float:
        return next(self._words) / WORD

    def _below(self, count: int) -> int:
        drawn = next(self._words)
        span = WORD
        while span < count << 32:  # more than a word's worth: what is left over weighs nothing
            drawn, span = drawn * WORD + next(self._words), span * WORD
        return drawn * count // span


def _words(seed: int) -> Iterator[int]:
    """
    Numbers below 2**64 without end.
    """
    block = 0
    while True:
        digest = hashlib.blake2b(f"{seed}/{block}".encode()).digest()
        block += 1
        for at in range(0, len(digest), WORD_BYTES):
            yield int.from_bytes(digest[at : at + WORD_BYTES])
