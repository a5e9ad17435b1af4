"""
What a check is: a pure function from a history to a judgement, with a witness without which nothing passes.

It refuses to talk to anything; a history that was recorded last year is judged as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.catalog import BY_ID
from harness.history import Operation, Phase
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


@dataclass(slots=True)
class Story:
    """All that the history tells of one order, in order."""

    order: str
    lines: dict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))

    def seen(self, kind: str) -> list[Operation]:
        """
        Facts and successful endings of a kind.
        """
        return [line for line in self.lines.get(kind, ()) if line.phase in {Phase.FACT, Phase.OK}]

    def last(self, kind: str) -> Operation | None:
        found = self.seen(kind)
        return found[-1] if found else None


def stories(operations: Iterable[Operation]) -> dict[str, Story]:
    """
    The history sorted by order, in one pass.
    """
    found: dict[str, Story] = {}
    for operation in operations:
        if operation.order:
            found.setdefault(operation.order, Story(operation.order)).lines[operation.kind].append(operation)
    return found


def judgement(requirement: str, findings: Iterable[Finding], *, witnessed: int, witness: str) -> Judgement:
    """
    FAIL with findings; without a witness UNKNOWN, saying which one was missing; else PASS.
    """
    broken = tuple(findings)
    if broken:
        verdict = merge(finding.verdict for finding in broken)
        return Judgement(requirement=requirement, verdict=verdict, witnessed=witnessed, findings=broken)
    if not witnessed:
        reason = f"not put to the test: {witness}"
        return Judgement(requirement=requirement, verdict=Verdict.UNKNOWN, witnessed=0, reason=reason)
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
    rule = BY_ID[requirement]
    lines = sorted({line.index for line in evidence if line is not None})
    return Finding(
        id=rule.id,
        level=rule.level,
        requirement=rule.text,
        expected=expected,
        actual=actual,
        order=story.order,
        evidence=tuple(lines),
        money=money,
    )
