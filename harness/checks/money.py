"""
The right amount is credited, and nothing comes out of nowhere.
"""

from collections import Counter
from collections.abc import Sequence

from harness.checks.base import Judgement, Story, finding, judgement, stories
from harness.history import Operation
from harness.verdict import Finding, yuan_text

AMOUNT = "money/credited-amount"
SUMS = "money/sums-zero"


def credited_amount(operations: Sequence[Operation]) -> Judgement:
    """
    Each credit is what the buyer paid; witnessed by an order that was paid and credited.
    """
    findings: list[Finding] = []
    witnessed = 0
    for story in stories(operations).values():
        book, ledger = story.last("book"), story.last("ledger")
        if book is None or ledger is None or not book.value["paid_fen"] or not ledger.value["credits"]:
            continue
        witnessed += 1
        paid_fen = book.value["paid_fen"]
        wrong = [fen for fen in ledger.value["credits"] if fen != paid_fen]
        findings += [_amount_finding(story, fen, paid_fen=paid_fen) for fen in wrong[:1]]
    return judgement(AMOUNT, findings, witnessed=witnessed, witness="no order was paid and credited")


def _amount_finding(story: Story, fen: int, *, paid_fen: int) -> Finding:
    words = "too much" if fen > paid_fen else "too little"
    return finding(
        AMOUNT,
        story,
        expected=yuan_text(paid_fen),
        actual=yuan_text(fen),
        evidence=[story.last("pay"), story.last("book"), story.last("ledger")],
        money=f"order {story.order} credited {yuan_text(abs(fen - paid_fen))} {words}",
    )


def sums_zero(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by each transaction whose legs were read.
    """
    findings: list[Finding] = []
    witnessed = 0
    for story in stories(operations).values():
        ledger = story.last("ledger")
        sums: Counter[str] = Counter()
        for transaction, fen in (ledger.value["legs"] if ledger is not None else None) or ():
            sums[transaction] += fen
        witnessed += len(sums)
        findings += [
            finding(
                SUMS,
                story,
                expected="0.00 yuan",
                actual=f"transaction {transaction} sums to {yuan_text(fen)}",
                evidence=[ledger],
                money=f"order {story.order}: {yuan_text(fen)} out of nowhere in ledger transaction {transaction}",
            )
            for transaction, fen in sums.items()
            if fen
        ]
    return judgement(SUMS, findings, witnessed=witnessed, witness="no ledger transaction was read")
