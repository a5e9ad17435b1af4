"""Numbers that the platform invents, behind a port; what a number looks like is the provider's business."""

from typing import Protocol

from mock_providers.core.rng import keyed_digits, keyed_letters


class Ids(Protocol):
    """Numbers derived from what they are for: asked twice for the same thing, the same number comes."""

    def digits(self, length: int, *about: str) -> str:
        """*length* decimal digits."""
        ...

    def letters(self, length: int, *about: str) -> str:
        """*length* lower-case letters and digits."""
        ...


class KeyedIds:
    """Ids by keyed hash of the seed and the thing named; the same run gives the same numbers under any interleaving."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def digits(self, length: int, *about: str) -> str:
        """*length* decimal digits."""
        return keyed_digits(length, self._seed, "id", *about)

    def letters(self, length: int, *about: str) -> str:
        """*length* lower-case letters and digits."""
        return keyed_letters(length, self._seed, "id", *about)
