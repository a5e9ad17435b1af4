"""
Refunds never exceed what was paid, however they are asked for.
"""

from collections.abc import Sequence

from harness.checks.base import Judgement, Story, finding, judgement, stories
from harness.history import Operation, Phase
from harness.verdict import Finding, yuan_text

ID = "refund/never-above-paid"


def never_above_paid(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by an order for which more was asked back than had been paid.
    """
    findings: list[Finding] = []
    witnessed = 0
    for story in stories(operations).values():
        book = story.last("book")
        if book is None or not book.value["paid_fen"]:
            continue
        asked = [line for line in story.lines.get("refund", ()) if line.phase is Phase.INVOKE]
        # The same refund number asked twice is one refund.
        by_number = {line.value["refund_no"]: line.value["amount_fen"] for line in asked}
        witnessed += sum(by_number.values()) > book.value["paid_fen"]
        found = _above(story, book=book, asked=asked)
        if found is not None:
            findings.append(found)
    return judgement(ID, findings, witnessed=witnessed, witness="nobody asked back more than was paid")


def _above(story: Story, *, book: Operation, asked: Sequence[Operation]) -> Finding | None:
    ledger = story.last("ledger")
    paid_fen = book.value["paid_fen"]
    debited_fen = sum((ledger.value["debits"] if ledger is not None else None) or ())
    refunded_fen = max(book.value["refunded_fen"], debited_fen)
    if refunded_fen <= paid_fen:
        return None
    return finding(
        ID,
        story,
        expected=f"at most {yuan_text(paid_fen)} refunded",
        actual=f"{yuan_text(refunded_fen)} refunded",
        evidence=[*asked[-2:], book, ledger],
        money=f"order {story.order} refunded {yuan_text(refunded_fen - paid_fen)} above what was paid",
    )
