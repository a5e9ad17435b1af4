"""
Verdicts, how they merge, and the Finding: one broken rule with its evidence.

It refuses to know how a verdict was reached, and a Finding is data: only Hypothesis gets it as an exception.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a requirement, a scenario or a run ended."""

    PASS = "PASS"  # noqa: S105 - a verdict, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"  # nothing was witnessed: it may have been right or wrong
    NON_STRICT = "NON_STRICT"  # a SHOULD was broken
    NOT_RUN = "NOT_RUN"  # the driver or the world cannot do what it takes; the reason is told
    KNOWN = "KNOWN"  # it fails, and the user's list says so, with a date


class Level(StrEnum):
    """How strong a requirement is."""

    MUST = "MUST"
    SHOULD = "SHOULD"


# The strongest first: one failure fails the whole, and a doubt is worth more than any number of passes.
_PRECEDENCE = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.NON_STRICT, Verdict.KNOWN, Verdict.PASS, Verdict.NOT_RUN)


def merge(verdicts: Iterable[Verdict]) -> Verdict:
    """
    One verdict for many: FAIL beats UNKNOWN beats PASS.

    What was not run says nothing; where nothing was judged at all, the answer is UNKNOWN.
    """
    found = set(verdicts)
    return next((verdict for verdict in _PRECEDENCE if verdict in found), Verdict.UNKNOWN)


def exit_code(verdict: Verdict) -> int:
    """
    The process's exit code: 0 pass, 1 findings, 3 undecided (2 is for our own faults).
    """
    match verdict:
        case Verdict.FAIL:
            return 1
        case Verdict.UNKNOWN | Verdict.NOT_RUN:
            return 3
        case Verdict.PASS | Verdict.NON_STRICT | Verdict.KNOWN:
            return 0


def yuan_text(amount_fen: int) -> str:
    """
    An amount for people: `9.90 yuan`.
    """
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan}.{fen:02d} yuan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    The gateway under test broke one rule.

    Args:
        id: the requirement's id, `<family>/<name>`.
        requirement: its text.
        order: the payment it is about, empty when it is about the whole run.
        evidence: indexes into the history, the shortest set that shows it.
        replay: the command that does it again.
        money: what it cost, in words.
    """

    id: str
    requirement: str
    expected: str
    actual: str
    level: Level = Level.MUST
    order: str = ""
    evidence: tuple[int, ...] = ()
    seed: int | None = None
    replay: str = ""
    money: str = ""

    @property
    def sentence(self) -> str:
        """
        The finding in one line: the money where money is at stake, else what happened.
        """
        return self.money or self.actual

    @property
    def verdict(self) -> Verdict:
        """
        FAIL, or NON_STRICT for a broken SHOULD.
        """
        return Verdict.FAIL if self.level is Level.MUST else Verdict.NON_STRICT

    def to_json(self) -> Mapping[str, Any]:
        return {
            "id": self.id,
            "level": self.level.value,
            "requirement": self.requirement,
            "order": self.order,
            "expected": self.expected,
            "actual": self.actual,
            "evidence": list(self.evidence),
            "seed": self.seed,
            "replay": self.replay,
            "money": self.money,
        }


class FindingError(AssertionError):
    """A finding, raised where an exception is what shrinks: inside a Hypothesis machine."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.id}: {finding.sentence} (expected {finding.expected}; got {finding.actual})")
        self.finding = finding

    def __eq__(self, other: object) -> bool:
        """
        Two are the same when the same rule was broken, whatever the order numbers: that is what shrinking compares.
        """
        return isinstance(other, FindingError) and other.finding.id == self.finding.id

    def __hash__(self) -> int:
        return hash(self.finding.id)
