"""
Credited once, however often it is notified.
"""

from collections.abc import Sequence

from harness.checks.base import Judgement, Story, finding, judgement, stories
from harness.history import Operation
from harness.verdict import Finding, yuan_text

ID = "idempotency/credited-once"
LIES = frozenset({"forged", "tampered", "probe", "stray"})


def credited_once(operations: Sequence[Operation]) -> Judgement:
    """
    No order has two credits; witnessed by an order whose genuine notify was delivered twice and acknowledged.
    """
    told = stories(operations).values()
    findings = [found for story in told if (found := _twice(story)) is not None]
    witnessed = sum(1 for story in told if len(_acked(story)) > 1)
    return judgement(ID, findings, witnessed=witnessed, witness="no notify was delivered and acknowledged twice")


def _acked(story: Story) -> list[Operation]:
    # What is told without a kind is what a foreign provider delivered: taken for genuine.
    return [
        line for line in story.seen("notify") if line.value.get("acked") and line.value.get("kind", "true") not in LIES
    ]


def _twice(story: Story) -> Finding | None:
    ledger = story.last("ledger")
    credited = None if ledger is None else ledger.value["credits"]
    if credited is None or len(credited) < 2:
        return None
    book = story.last("book")
    paid_fen = 0 if book is None else book.value["paid_fen"]
    times = "twice" if len(credited) == 2 else f"{len(credited)} times"
    return finding(
        ID,
        story,
        expected="1 credit",
        actual=f"{len(credited)} credits",
        evidence=[*_acked(story)[-2:], book, ledger],
        money=f"order {story.order} credited {times}: {yuan_text(sum(credited) - paid_fen)} too much",
    )
