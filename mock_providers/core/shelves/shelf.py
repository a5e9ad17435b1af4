"""
A shelf: things that change, numbered from 1, of which the latest are in memory and all others on disk, found by number
and by name.

There is one living object for each thing at any time. What somebody still holds is never put away, for they may change
it; what was read for a listing is found there as long as the listing holds it. Knows nothing of what the things are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar
from weakref import WeakValueDictionary, ref

from mock_providers.core.shelves.scratch import Scratch, Sieve

Thing = TypeVar("Thing")
# What kind of name, and the name; several things may have the same.
Name = tuple[str, ...]

KEPT = 10_000
# Of those that stay, such a part is put away at a time, so that nobody waits long for it.
_ROUNDS = 80
# Where many have been held for long, so many times as much is looked at.
_CATCH_UP = 4
_READ_AT_ONCE = 256
_CACHE_KIB = 4096
_TABLES = (
    "CREATE TABLE things (number INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    # A name stands here by its hash, which is this process's own, and is held against the thing that is found.
    "CREATE TABLE names (name INTEGER, number INTEGER, PRIMARY KEY (name, number)) WITHOUT ROWID",
)
_PUT = "INSERT OR REPLACE INTO things VALUES (?, ?)"
_NAME = "INSERT OR IGNORE INTO names VALUES (?, ?)"


class Shelf(Generic[Thing]):
    """
    Args:
        kept: so many things are in memory, and hardly more, but for those that somebody holds.
        pack: a thing as bytes, *unpack* the other way round.
        names_of: all names that it has.
    """

    def __init__(
        self,
        *,
        kept: int,
        pack: Callable[[Thing], bytes],
        unpack: Callable[[bytes], Thing],
        names_of: Callable[[Thing], Sequence[Name]],
    ) -> None:
        self._kept = kept
        self._batch = max(kept // _ROUNDS, 1)
        self._pack, self._unpack, self._names_of = pack, unpack, names_of
        self._scratch, self._sieve = Scratch(*_TABLES, cache_kib=_CACHE_KIB), Sieve()
        self._begin()

    def _begin(self) -> None:
        self._last = 0
        self._rounds = 0
        self._full = self._kept + self._batch
        self._recent: dict[int, Thing] = {}
        self._listed: WeakValueDictionary[int, Thing] = WeakValueDictionary()
        # Names that are not on disk yet; most are one thing's. A name here is one of something recent.
        self._names: dict[Name, int | tuple[int, ...]] = {}

    @property
    def on_disk(self) -> bool:
        """Whether anything is."""
        return self._scratch.made

    def __len__(self) -> int:
        return self._last

    def add(self, thing: Thing) -> None:
        """One more, under its names."""
        self._last += 1
        self._hold(self._last, thing)
        for name in self._names_of(thing):
            if self._names.setdefault(name, self._last) != self._last:
                self._name(self._last, name)

    def name(self, thing: Thing, number: int, name: Name) -> None:
        """From here on it has one more name; what is here no more since everything was forgotten gets none."""
        if self._recent.get(number) is thing:
            self._name(number, name)

    def _name(self, number: int, name: Name) -> None:
        known = self._names.setdefault(name, number)
        if known != number:
            self._names[name] = (*known, number) if isinstance(known, tuple) else (known, number)

    def unname(self, number: int, name: Name) -> bool:
        """
        It has that name no longer; what the disk says of it is held against the thing itself.

        Returns:
            Whether that name of its stood in memory.
        """
        known = self._names.get(name)
        if known == number:
            del self._names[name]
            return True
        if not isinstance(known, tuple) or number not in known:
            return False
        left = tuple(one for one in known if one != number)
        self._names[name] = left if len(left) > 1 else left[0]
        return True

    def _numbers(self, name: Name) -> tuple[int, ...]:
        known = self._names.get(name, ())
        return known if isinstance(known, tuple) else (known,)

    def __getitem__(self, number: int) -> Thing | None:
        """The thing of that number; whoever asks may change it while they hold it."""
        thing = self._recent.get(number)
        if thing is None and self._scratch.made:
            thing = self._listed.get(number)
            if thing is None:
                body = self._scratch.read("SELECT body FROM things WHERE number = ?", number)
                thing = self._unpack(body[0][0]) if body else None
            if thing is not None:
                self._hold(number, thing)
        return thing

    def recent(self, name: Name) -> Sequence[Thing]:
        """Those of that name that have not been on disk since they have it, in order."""
        known = self._names.get(name)
        if known is None:
            return ()
        return [self._recent[known]] if isinstance(known, int) else [self._recent[one] for one in sorted(known)]

    def named(self, name: Name) -> Sequence[Thing]:
        """All of that name, in order."""
        if not self._scratch.made:
            return self.recent(name)
        hashed = hash(name)
        if not self._sieve.passes(hashed):
            return self.recent(name)
        rows = self._scratch.read("SELECT number FROM names WHERE name = ?", hashed)
        found = ((number, self[number]) for number in sorted({*self._numbers(name), *(row[0] for row in rows)}))
        return [thing for _, thing in found if thing is not None and name in self._names_of(thing)]

    def first(self, name: Name) -> Thing | None:
        """The only one of that name, or the first."""
        known = self._names.get(name)
        if known is not None:
            return self._recent[known if isinstance(known, int) else min(known)]
        found = self.named(name) if self._scratch.made else ()
        return found[0] if found else None

    def touch(self, thing: Thing, number: int) -> None:
        """It is about to change in the hand of somebody who may have it out of a listing."""
        if number not in self._recent and self._listed.get(number) is thing:
            self._hold(number, thing)

    def _hold(self, number: int, thing: Thing) -> None:
        self._recent[number] = thing
        if len(self._recent) >= self._full:
            self._put_away()

    def _put_away(self) -> None:
        bodies: list[tuple[int, bytes]] = []
        moved: list[tuple[int, Name]] = []
        for number in list(islice(self._recent, min(len(self._recent) - self._kept, _CATCH_UP * self._batch))):
            thing = self._recent[number]
            body, names = self._pack(thing), self._names_of(thing)
            watch = ref(thing)
            del self._recent[number], thing
            held = watch()
            if held is not None:  # somebody else has it, and may change it yet
                self._recent[number] = held
                del held
                continue
            bodies.append((number, body))
            moved += [(number, name) for name in names if self.unname(number, name)]
        hashed = [(hash(name), number) for number, name in moved]
        if self._scratch.write((_PUT, bodies), (_NAME, hashed)):
            self._rounds += 1
            self._sieve.add(one for one, _ in hashed)
        else:
            self._take_back(bodies, moved)
        self._full = max(len(self._recent), self._kept) + self._batch

    def _take_back(self, bodies: Iterable[tuple[int, bytes]], names: Iterable[tuple[int, Name]]) -> None:
        self._recent |= {number: self._unpack(body) for number, body in bodies}
        for number, name in names:
            self._name(number, name)

    def read(self, numbers: range) -> Iterator[Thing]:
        """Things to look at, in that order; those on disk stay there, and are read a few at a time."""
        for at in range(0, len(numbers), _READ_AT_ONCE):
            some = numbers[at : at + _READ_AT_ONCE]
            bodies, rounds = self._bodies(some), self._rounds
            for number in some:
                if rounds != self._rounds:  # what was read may have been changed since
                    bodies, rounds = self._bodies(some), self._rounds
                thing = self._recent.get(number)
                if thing is None:
                    thing = self._listed.get(number)
                if thing is None and number in bodies:
                    thing = self._listed[number] = self._unpack(bodies[number])
                if thing is not None:
                    yield thing

    def _bodies(self, numbers: range) -> dict[int, bytes]:
        low, high = min(numbers[0], numbers[-1]), max(numbers[0], numbers[-1])
        return dict(self._scratch.read("SELECT number, body FROM things WHERE number BETWEEN ? AND ?", low, high))

    def clear(self) -> None:
        """Forget everything."""
        self.close()
        self._begin()

    def close(self) -> None:
        """Let go of what is on disk; what is in memory stays."""
        self._scratch.close()
        self._sieve.clear()
