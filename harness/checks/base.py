"""
What a check is: a pure function from a history to a judgement, with a witness without which nothing passes.

It refuses to talk to anything; a history that was recorded last year is judged as well.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.catalog import BY_ID
from harness.checks.story import Story, stories
from harness.checks.unheard import unheard, without
from harness.history import Operation
from harness.verdict import Finding, Verdict, merge


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """
    What one check says of one requirement.

    Args:
        witnessed: how often the history put the requirement to the test.
        reason: why it is UNKNOWN, when it is.
    """

    requirement: str
    verdict: Verdict
    witnessed: int
    findings: tuple[Finding, ...] = ()
    reason: str = ""


Check = Callable[[Sequence[Operation]], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """
    One occasion on which an order put a requirement to the test, and how that went.

    Args:
        evidence: the lines that show it; None stands for one that is not there.
        money: what it cost, in words.
    """

    kept: bool
    expected: str = ""
    actual: str = ""
    evidence: tuple[Operation | None, ...] = ()
    money: str = ""


KEPT = Ruling(kept=True)
Rule = Callable[[Story], Iterable[Ruling]]


def each_order(requirement: str, rule: Rule, *, witness: str) -> Check:
    """
    A check that asks *rule* about each order; every ruling is a witness, and one broken one for an order is told.

    What is broken only by money that the gateway could not know of is no finding, but leaves the requirement in doubt.

    Args:
        witness: what was missing when there is none, in words.
    """

    def check(operations: Sequence[Operation]) -> Judgement:
        findings: list[Finding] = []
        doubts: list[str] = []
        witnessed = 0
        for story in stories(operations).values():
            rulings = tuple(rule(story)) if story.concerns(requirement) else ()
            witnessed += len(rulings)
            broken = [ruling for ruling in rulings if not ruling.kept]
            if broken and (excused := unheard(story)):
                doubts += excused.values()
                broken = [ruling for ruling in rule(without(story, excused)) if not ruling.kept]
            findings += [_finding_of(requirement, story, ruling) for ruling in broken][:1]
        return judgement(requirement, findings, witnessed=witnessed, witness=witness, doubts=doubts)

    return check


def family(name: str, *rows: tuple[str, Rule, str]) -> dict[str, Check]:
    """
    The checks of a family, each asked of every order.

    Args:
        rows: for each the requirement's name within the family, its rule, and what was missing without a witness.
    """
    return {f"{name}/{row}": each_order(f"{name}/{row}", rule, witness=witness) for row, rule, witness in rows}


def _finding_of(requirement: str, story: Story, ruling: Ruling) -> Finding:
    return finding(
        requirement,
        story,
        expected=ruling.expected,
        actual=ruling.actual,
        evidence=ruling.evidence,
        money=ruling.money,
    )


def judgement(
    requirement: str, findings: Iterable[Finding], *, witnessed: int, witness: str, doubts: Sequence[str] = ()
) -> Judgement:
    """
    FAIL with findings; without a witness UNKNOWN, saying which one was missing; else PASS.

    Args:
        doubts: why what was witnessed may mean nothing.
    """
    broken = tuple(findings)
    if broken:
        verdict = merge(finding.verdict for finding in broken)
        return Judgement(requirement=requirement, verdict=verdict, witnessed=witnessed, findings=broken)
    if not witnessed:
        reason = f"not put to the test: {witness}"
        return Judgement(requirement=requirement, verdict=Verdict.UNKNOWN, witnessed=0, reason=reason)
    if doubts:
        return Judgement(requirement=requirement, verdict=Verdict.UNKNOWN, witnessed=witnessed, reason=doubts[0])
    return Judgement(requirement=requirement, verdict=Verdict.PASS, witnessed=witnessed)


def finding(
    requirement: str,
    story: Story,
    *,
    expected: str,
    actual: str,
    evidence: Iterable[Operation | None],
    money: str = "",
) -> Finding:
    """
    A finding about one order, with the lines that show it.
    """
    lines = sorted({line.index for line in evidence if line is not None})
    return BY_ID[requirement].broken(story.order, expected=expected, actual=actual, evidence=lines, money=money)


__all__ = ["KEPT", "Check", "Judgement", "Rule", "Ruling", "Story", "each_order", "family", "finding", "judgement",
           "stories"]  # fmt: skip
