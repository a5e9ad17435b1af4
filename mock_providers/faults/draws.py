"""
The draws of many rules on one question, all at once; knows no rule.

A draw is sixty-four bits, mixed out of a question's hash and a rule's own salt. A long integer holds one draw in every
128 bits, so that a dozen operations of native code draw for all rules, where Python would take a dozen for each.
"""

from collections.abc import Sequence

_LANE = 128
BITS = (1 << 64) - 1


def stirred(numbers: int, low: int = BITS) -> int:
    """
    Sixty-four bits stirred until each of them hangs on all the others, by the end of SplitMix64.

    Args:
        numbers: one, or one in every 128 bits.
        low: the lower half of every 128 bits; what is shifted in from a neighbour lies outside of it.
    """
    numbers = ((numbers ^ (numbers >> 30 & low)) * 0xBF58476D1CE4E5B9) & low
    numbers = ((numbers ^ (numbers >> 27 & low)) * 0x94D049BB133111EB) & low
    return numbers ^ (numbers >> 31 & low)


class Draws:
    """
    Which of several rules strike.

    Args:
        salts: each rule's own part of the hash.
        thresholds: of 2**64 draws so many strike.
    """

    def __init__(self, salts: Sequence[int], thresholds: Sequence[int]) -> None:
        self._ones = _side_by_side([1] * len(salts))
        self._low = self._ones * BITS
        self._salts = _side_by_side(salts)
        # A draw that strikes leaves a one above its sixty-four bits when it is taken off this.
        self._limits = _side_by_side([BITS + threshold for threshold in thresholds])
        self._marks = self._ones * (BITS + 1)

    def struck(self, asked: int) -> int:
        """
        Draw for all of them; 0 when nobody strikes, and otherwise for `strikes` to read.

        Args:
            asked: the question's hash, sixty-four bits.
        """
        return (self._limits - stirred(asked * self._ones ^ self._salts, self._low)) & self._marks


def strikes(struck: int, place: int) -> bool:
    """Whether the rule at that place strikes."""
    return struck >> (place * _LANE + 64) & 1 == 1


def _side_by_side(numbers: Sequence[int]) -> int:
    return sum(number << (place * _LANE) for place, number in enumerate(numbers))
