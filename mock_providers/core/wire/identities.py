"""
Whose request it is, told from the raw bytes alone: every merchant's numbers are known, and one of them stands in them.

Merchants' numbers are digits and letters, so no form, JSON, XML or header ever writes them differently; no vendor's
protocol need be understood. Whoever is named first counts; a request that names nobody is anybody's.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

_LETTERS_MIN = 8


class Identities:
    """Every merchant's numbers, and whose they are."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """
        Args:
            folders: the merchants' credentials, in their order; what is written in two of them names nobody.
        """
        facts = [_facts(folder) for folder in folders]
        seen = Counter(fact for names in facts for fact in names)
        self._places = {fact.encode(): place for place, names in enumerate(facts) for fact in names if seen[fact] == 1}
        words = sorted(self._places, key=len, reverse=True)
        self._word = re.compile(b"|".join(map(re.escape, words)) if words else b"(?!)")

    def place_of(self, *texts: bytes | bytearray) -> int | None:
        """The place among the folders of the merchant who is named first; None when nobody is."""
        for text in texts:
            found = self._word.search(text)
            if found is not None:
                return self._places[found.group()]
        return None


def merchant_folders(directory: Path, count: int) -> tuple[Path, ...]:
    """The credentials of *count* merchants: the first one's are the folder itself, the others' lie below it."""
    return (directory, *(directory / "merchants" / str(number) for number in range(2, count + 1)))


def _facts(folder: Path) -> set[str]:
    """What the merchant's programs say of themselves: the facts beside the keys."""
    said = json.loads((folder / "credentials.json").read_text())
    return {fact for provider in said.values() for fact in _words(provider.values())}


def _words(values: Iterable[object]) -> Iterable[str]:
    return (value for value in values if isinstance(value, str) and len(value) >= _LETTERS_MIN and value.isalnum())
