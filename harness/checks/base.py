"""
What a check is: a pure function from a history to a judgement, with a witness without which nothing passes.

It refuses to talk to anything; a history that was recorded last year is judged as well.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
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

    @property
    def channel(self) -> str:
        """
        Over what the order is paid, as whoever asked for it said; empty where nobody did.
        """
        asked = self.lines.get("create")
        return str(asked[0].value.get("channel", "")) if asked else ""

    def concerns(self, requirement: str) -> bool:
        """
        Whether the requirement applies to the order's channel.
        """
        return not self.channel or self.channel in BY_ID[requirement].channels

    def seen(self, kind: str) -> list[Operation]:
        """
        Facts and successful endings of a kind.
        """
        return [line for line in self.lines.get(kind, ()) if line.phase in {Phase.FACT, Phase.OK}]

    def asked(self, kind: str) -> list[Operation]:
        """
        What was asked for, however it ended.
        """
        return [line for line in self.lines.get(kind, ()) if line.phase is Phase.INVOKE]

    def last(self, kind: str) -> Operation | None:
        found = self.seen(kind)
        return found[-1] if found else None

    def calls(self, verb: str, *, faults: Collection[str] | None = None) -> list[Operation]:
        """
        The gateway's calls to the provider about this order.

        Args:
            faults: only those that one of these befell.
        """
        return [
            line
            for line in self.lines.get("call", ())
            if line.value["verb"] == verb and (faults is None or line.value.get("fault") in faults)
        ]

    def arrived(self, *kinds: str) -> list[Operation]:
        """
        Notifies that the gateway answered, of these kinds; what is told without a kind is taken for genuine.
        """
        return [
            line
            for line in self.seen("notify")
            if line.value.get("delivered", True) and line.value.get("kind", "true") in kinds
        ]


_LAST: list[tuple[Iterable[Operation], int, dict[str, Story]]] = []


def stories(operations: Iterable[Operation]) -> dict[str, Story]:
    """
    The history sorted by order, in one pass. A hundred checks ask for the same one, one after the other, so the last is
    kept for as long as nothing is added to it.
    """
    length = len(operations) if isinstance(operations, Sequence) else -1
    if _LAST and _LAST[0][0] is operations and _LAST[0][1] == length:
        return _LAST[0][2]
    found: dict[str, Story] = {}
    for operation in operations:
        if operation.order:
            found.setdefault(operation.order, Story(operation.order)).lines[operation.kind].append(operation)
    _LAST[:] = [(operations, length, found)] if length >= 0 else []
    return found


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

    Args:
        witness: what was missing when there is none, in words.
    """

    def check(operations: Sequence[Operation]) -> Judgement:
        findings: list[Finding] = []
        witnessed = 0
        for story in stories(operations).values():
            rulings = tuple(rule(story)) if story.concerns(requirement) else ()
            witnessed += len(rulings)
            findings += [_finding_of(requirement, story, ruling) for ruling in rulings if not ruling.kept][:1]
        return judgement(requirement, findings, witnessed=witnessed, witness=witness)

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
