"""
A notify that comes again is acknowledged again, without effect.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from harness.checks.base import Judgement, Story, finding, judgement, stories
from harness.history import Operation
from harness.verdict import Finding

ID = "notify/duplicate-acked"
# Copies that arrive together may get in each other's way, and the one that lost is brought again. After this long the
# first is settled, so that a refusal means that the gateway takes a repetition for a mistake.
APART = timedelta(seconds=60)


def duplicate_acked(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by a genuine notify that came again well after it had been acknowledged, and got an answer.

    An answer of 500 and above is no refusal: the gateway was in trouble, and is asked again.
    """
    findings = []
    witnessed = 0
    for story in stories(operations).values():
        again = [pair for pair in _repeated(story) if pair[1].value["status"] < 500]
        witnessed += len(again)
        refused = [pair for pair in again if not pair[1].value["acked"]]
        if refused:
            findings.append(_finding(story, refused[0]))
    return judgement(ID, findings, witnessed=witnessed, witness="no acknowledged notify came again later")


def _repeated(story: Story) -> list[tuple[Operation, Operation]]:
    """
    The first acknowledged delivery of a notify with each later one.
    """
    found = []
    first: dict[str, Operation] = {}
    arrived = [
        line
        for line in story.seen("notify")
        if line.value["kind"] in {"true", "duplicate"} and line.value.get("status") and line.value.get("due_at")
    ]
    for line in sorted(arrived, key=_due):
        earlier = first.get(line.value["notify_id"])
        if earlier is not None and _due(line) - _due(earlier) >= APART:
            found.append((earlier, line))
        elif earlier is None and line.value["acked"]:
            first[line.value["notify_id"]] = line
    return found


def _due(line: Operation) -> datetime:
    return datetime.fromisoformat(line.value["due_at"])


def _finding(story: Story, pair: tuple[Operation, Operation]) -> Finding:
    earlier, later = pair
    return finding(
        ID,
        story,
        expected="acknowledged, without effect",
        actual=f"answered {later.value['status']} and no acknowledgement, though it was acknowledged before",
        evidence=[earlier, later],
    )
