"""
The cases: short stories that put the requirements to the test, each in a world of its own.
"""

from collections import defaultdict
from collections.abc import Mapping

from harness.cases import (
    calling,
    clicking,
    closing,
    colliding,
    dying,
    knocking,
    mixing,
    notifying,
    paying,
    reconciling,
    refunding,
    returning,
    spiking,
    straying,
    telling,
)
from harness.cases.base import Case

CASES: tuple[Case, ...] = (
    *paying.CASES,
    *knocking.CASES,
    *clicking.CASES,
    *notifying.CASES,
    *telling.CASES,
    *mixing.CASES,
    *colliding.CASES,
    *calling.CASES,
    *refunding.CASES,
    *returning.CASES,
    *closing.CASES,
    *reconciling.CASES,
    *spiking.CASES,
    *straying.CASES,
    *dying.CASES,
)


def _covering() -> Mapping[str, tuple[Case, ...]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for case in CASES:
        for requirement in case.covers:
            found[requirement].append(case)
    return {requirement: tuple(cases) for requirement, cases in found.items()}


COVERING = _covering()
"""The cases of each requirement."""

__all__ = ["CASES", "COVERING", "Case"]
