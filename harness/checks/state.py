"""
A payment's state never goes back.
"""

from collections.abc import Iterator, Sequence

from harness.checks.base import Judgement, Story, finding, judgement, stories
from harness.history import Operation, Phase
from harness.verdict import Finding

ID = "state/never-back"
# A closed order that was paid late may be revived or refunded, so closed is not further on than pending.
RANK = {"PENDING": 0, "CLOSED": 0, "CANCELLED": 0, "PAID": 1, "SHIPPED": 2, "COMPLETED": 3}
LOOKS = ("create", "get", "sync", "ledger")


def never_back(operations: Sequence[Operation]) -> Judgement:
    """
    A look that began after another had ended never sees an earlier state; looks that overlap may.

    Witnessed by a look at an order that had been seen paid.
    """
    findings: list[Finding] = []
    witnessed = 0
    for story in stories(operations).values():
        for earlier, later in _pairs(story):
            if earlier is None:
                continue
            witnessed += 1
            if RANK[later.value["status"]] < RANK[earlier.value["status"]]:
                findings.append(
                    finding(
                        ID,
                        story,
                        expected=f"{earlier.value['status']} or further on",
                        actual=f"{later.value['status']} after {earlier.value['status']}",
                        evidence=[earlier, later],
                    )
                )
                break
    return judgement(ID, findings, witnessed=witnessed, witness="no paid order was looked at again")


def _pairs(story: Story) -> Iterator[tuple[Operation | None, Operation]]:
    """
    Each look with the furthest paid state that had been seen before it began.
    """
    looks = sorted(
        (line for kind in LOOKS for line in story.seen(kind) if line.value.get("status") in RANK),
        key=lambda line: line.index,
    )
    began = [line.of if line.phase is Phase.OK and line.of is not None else line.index for line in looks]
    for line, start in sorted(zip(looks, began, strict=True), key=lambda pair: pair[1]):
        before = [seen for seen in looks if seen.index < start and RANK[seen.value["status"]] > 0]
        yield max(before, key=lambda seen: RANK[seen.value["status"]], default=None), line
