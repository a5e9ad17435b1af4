"""
Which business codes a hunt has to reach: those that a condition can bring about, and every other one by a `refuse` rule.

What a condition can bring about is read out of the simulator's own sources, so that a code which joins there is missed
here until a request meets it.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mock_providers import alipay
from mock_providers.alipay import codes
from mock_providers.alipay.methods import METHODS

_CODE = re.compile(r'"([A-Z][A-Z_]*(?:\.[A-Z_]+)?)"')
# Named in the sources as what a fault makes a method say.
_FAULTS_OWN = frozenset({"AQC.SYSTEM_ERROR", "SYSTEM_ERROR"})


@cache
def by_condition() -> frozenset[str]:
    folder = Path(str(alipay.__file__)).parent
    texts = (
        path.read_text(encoding="utf-8")
        for path in [*folder.rglob("*.py"), *folder.glob("*ees.toml"), *folder.glob("barcodes.toml")]
    )
    named = {name for text in texts for name in _CODE.findall(text)}
    return frozenset(named & codes.table().business.keys()) - _FAULTS_OWN


def _pairs() -> list[tuple[str, str]]:
    """
    Every code of every call's enum; those that nothing but a rule brings about come first, once each.
    """
    calls = {method.call: name for name, method in reversed([*METHODS.items()]) if not method.page}
    every = [(calls[call], code) for call, names in codes.table().calls.items() for code in names]
    first = {code: pair for pair in reversed(every) if (code := pair[1]) not in by_condition()}
    return [*first.values(), *(pair for pair in every if first.get(pair[1]) != pair)]


@dataclass
class Goals:
    """
    What is still to be reached.

    Args:
        wanted: pairs of a method and a code that a rule is to demand of it.
        met: codes that came by themselves.
        demanded: pairs that came because a rule demanded them.
    """

    wanted: deque[tuple[str, str]] = field(default_factory=lambda: deque(_pairs()))
    met: set[str] = field(default_factory=set)
    demanded: set[tuple[str, str]] = field(default_factory=set)

    def next_demand(self) -> tuple[str, str] | None:
        """
        What a rule is to demand now; it comes again, later, until it was reached.
        """
        self.wanted.rotate(-1)
        return self.wanted[-1] if self.wanted else None

    def reached(self, method: str, code: str, *, demanded: bool) -> None:
        if not demanded:
            self.met |= {code} & by_condition()
            return
        self.demanded.add((method, code))
        if (method, code) in self.wanted:
            self.wanted.remove((method, code))

    @property
    def missing(self) -> list[str]:
        """
        Codes that no request has met though a condition brings them about, and codes that came in neither way.
        """
        by_rule = {code for _, code in self.demanded}
        unmet = by_condition() - self.met
        return sorted(unmet | (codes.table().business.keys() - self.met - by_rule))

    @property
    def undemanded(self) -> list[str]:
        """
        Codes of a call's enum that no rule has brought about in that call.
        """
        return sorted(f"{method} {code}" for method, code in self.wanted)

    def told(self) -> dict[str, Any]:
        return {
            "codes": len(codes.table().business),
            "reached_by_condition": sorted(self.met),
            "reached_by_rule": sorted({code for _, code in self.demanded} - self.met),
            "demanded_of_calls": len(self.demanded),
            "missing": self.missing,
            "undemanded": self.undemanded,
        }
