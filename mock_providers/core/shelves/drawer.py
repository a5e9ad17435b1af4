"""
A drawer: short values by key, of which the latest are in memory and all others on disk.

For what is remembered of every order of a run and hardly ever asked for again: its label, how often it asked.
"""

import marshal
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar, cast

from mock_providers.core.shelves.scratch import Scratch, Sieve

Value = TypeVar("Value", str, int)
Key = tuple[str, ...]

_ROUNDS = 80
_CACHE_KIB = 1024
_TABLE = "CREATE TABLE drawer (name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
_PUT = "INSERT OR REPLACE INTO drawer VALUES (?, ?)"
# The version of marshal that writes equal texts alike, whoever else holds them.
_ALIKE = 2


class Drawer(Generic[Value]):
    """
    Args:
        kept: so many values are in memory, and hardly more.
    """

    def __init__(self, *, kept: int) -> None:
        self._kept = kept
        self._batch = max(kept // _ROUNDS, 1)
        self._full = kept + self._batch
        self._recent: dict[Key, Value] = {}
        self._scratch, self._sieve = Scratch(_TABLE, cache_kib=_CACHE_KIB), Sieve()

    def get(self, key: Key) -> Value | None:
        """The value of that key."""
        value = self._recent.get(key)
        if value is None and self._scratch.made and self._sieve.passes(hash(key)):
            found = self._scratch.read("SELECT value FROM drawer WHERE name = ?", marshal.dumps(key, _ALIKE))
            if found:
                value = self[key] = cast("Value", _read(found[0][0]))
        return value

    def __setitem__(self, key: Key, value: Value) -> None:
        self._recent[key] = value
        if len(self._recent) >= self._full:
            self._put_away()

    def _put_away(self) -> None:
        away = list(islice(self._recent, len(self._recent) - self._kept))
        rows = [(marshal.dumps(key, _ALIKE), marshal.dumps(self._recent[key])) for key in away]
        if self._scratch.write((_PUT, rows)):
            self._sieve.add(map(hash, away))
            for key in away:
                del self._recent[key]
        self._full = max(len(self._recent), self._kept) + self._batch

    def items(self) -> Iterator[tuple[Key, Value]]:
        """All keys and values; nothing may be put in meanwhile."""
        for name, value in self._scratch.read("SELECT name, value FROM drawer"):
            key = cast("Key", _read(name))
            if key not in self._recent:
                yield key, cast("Value", _read(value))
        yield from self._recent.items()

    def clear(self) -> None:
        """Forget everything."""
        self.close()
        self._recent.clear()
        self._full = self._kept + self._batch

    def close(self) -> None:
        """Let go of what is on disk; what is in memory stays."""
        self._scratch.close()
        self._sieve.clear()


def _read(written: bytes) -> object:
    return marshal.loads(written)  # noqa: S302  this process wrote it, into a file that has no name
