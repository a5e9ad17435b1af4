"""
Numbers that several processes give out without asking each other: each has every n-th, so no two are equal.

Inside, a process counts 1, 2, 3, …; outside, the same things are numbered so that a number tells whose it is.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Numbers:
    """
    Args:
        index: of this process, from 0.
        count: of all of them.
    """

    index: int = 0
    count: int = 1

    def outer(self, inner: int) -> int:
        """The number that others see; 0, which stands before the first, stays 0."""
        return (inner - 1) * self.count + self.index + 1 if inner > 0 else 0

    def inner(self, outer: int) -> int:
        """How many of ours have been numbered up to *outer*; for a number of ours, its own."""
        return max((outer - 1 - self.index) // self.count + 1, 0)

    def ours(self, outer: int) -> bool:
        """Whether *outer* was given by this process."""
        return outer > 0 and self.owner(outer) == self.index

    def owner(self, outer: int) -> int:
        """The index of the process that gave *outer*."""
        return (outer - 1) % self.count


ALONE = Numbers()
