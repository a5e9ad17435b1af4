"""
What the provider did not sign is neither acknowledged nor credited.
"""

from collections.abc import Sequence

from harness.checks.base import Judgement, Story, finding, judgement, stories
from harness.history import Operation
from harness.verdict import Finding, yuan_text

ACKED = "signature/forged-never-acked"
CREDITED = "signature/forged-never-credited"
# A probe is a forgery of the platform's own making.
FORGED = frozenset({"forged", "probe"})
WITNESS = "no forged notify reached the gateway"


def forged_never_acked(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by each forged notify that reached the gateway.
    """
    findings = []
    witnessed = 0
    for story in stories(operations).values():
        arrived = _forged(story)
        witnessed += len(arrived)
        believed = [line for line in arrived if line.value["acked"]]
        if believed:
            findings.append(
                finding(
                    ACKED,
                    story,
                    expected="refused",
                    actual=f"{len(believed)} of {len(arrived)} forged notifies acknowledged",
                    evidence=believed[:1],
                )
            )
    return judgement(ACKED, findings, witnessed=witnessed, witness=WITNESS)


def forged_never_credited(operations: Sequence[Operation]) -> Judgement:
    """
    An order that met a forged notify has no credit but the one that the provider's book explains.
    """
    told = [story for story in stories(operations).values() if _forged(story)]
    findings = [found for story in told if (found := _unexplained(story)) is not None]
    looked = sum(1 for story in told if story.last("ledger") is not None)
    return judgement(CREDITED, findings, witnessed=looked, witness=WITNESS)


def _forged(story: Story) -> list[Operation]:
    return [line for line in story.seen("notify") if line.value.get("kind") in FORGED and line.value["delivered"]]


def _unexplained(story: Story) -> Finding | None:
    ledger, book = story.last("ledger"), story.last("book")
    if ledger is None or not ledger.value["credits"]:
        return None
    paid_fen = 0 if book is None else book.value["paid_fen"]
    credited_fen = sum(ledger.value["credits"])
    if credited_fen <= paid_fen:
        return None
    return finding(
        CREDITED,
        story,
        expected=f"{yuan_text(paid_fen)} credited, what the buyer paid",
        actual=f"{yuan_text(credited_fen)} credited",
        evidence=[*_forged(story)[:1], book, ledger],
        money=f"order {story.order} credited {yuan_text(credited_fen - paid_fen)} on a forged notify",
    )
