"""
What belongs to one order counts for no other, and what was told is what is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from harness.checks.base import Check, Judgement, Ruling, Story, each_order, finding, judgement, stories
from harness.checks.books import still_right
from harness.checks.occasions import marked, notified
from harness.history import Operation
from harness.model import PAID_STATUSES
from harness.verdict import Finding

CHANNELS, FORGED_ID = "notify/another-channels", "security/forged-id"
SHOWN, CODE = "state/told-is-shown", "state/own-code"


def behind_a_forgery(story: Story) -> Iterator[Ruling]:
    """
    A true notify was acknowledged behind a forgery that bore its id, while no question was answered; then a look.
    """
    met, forged = tuple(marked("behind-a-forgery")(story)), tuple(notified("forged")(story))
    acked = [line for line in story.arrived("true", "duplicate") if line.value["acked"]]
    looks = [line for line in story.seen("get") if met and line.index > met[0].index]
    if forged and acked and looks:
        yield Ruling(
            kept=looks[0].value["status"] in PAID_STATUSES,
            expected="paid, as a notify alone makes it",
            actual=str(looks[0].value["status"]),
            evidence=(forged[0], acked[0], looks[0]),
            money=f"order {story.order}: whoever sends a forgery first keeps a payment from counting",
        )


def told_is_shown(story: Story) -> Iterator[Ruling]:
    """
    A look that began after the platform had taken the news of the payment.
    """
    news = [line for line in story.seen("webhook") if line.value["told"] and line.value["type"] == "payment.paid"]
    if not news or not all(line.value.get("received_at") for line in news):
        return
    first = min(news, key=_received_at)
    begun = {line.index: line for line in story.asked("get")}
    for line in story.seen("get"):
        if line.of in begun and begun[line.of].at > _received_at(first):
            yield Ruling(
                kept=line.value["status"] != "PENDING",
                expected="paid, as the platform was told",
                actual=str(line.value["status"]),
                evidence=(first, line),
            )


def _received_at(line: Operation) -> datetime:
    return datetime.fromisoformat(line.value["received_at"])


def own_code(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by each order that has something to scan, beside others.
    """
    first: dict[str, Operation] = {}
    findings: list[Finding] = []
    told = stories(operations).values()
    for story in told:
        for line in story.seen("code"):
            earlier = first.setdefault(line.value["code"], line)
            if earlier.order != story.order:
                findings.append(_shared(story, earlier, line))
    orders = sum(1 for story in told if story.seen("code"))
    witnessed = orders if orders > 1 else 0
    return judgement(CODE, findings[:1], witnessed=witnessed, witness="no two orders had something to scan")


def _shared(story: Story, earlier: Operation, later: Operation) -> Finding:
    return finding(
        CODE,
        story,
        expected="a code of its own",
        actual=f"the code of {earlier.order}",
        evidence=[earlier, later],
        money=f"order {story.order}: whoever scans its code pays for {earlier.order}",
    )


CHECKS: Mapping[str, Check] = {
    CHANNELS: each_order(
        CHANNELS,
        still_right(marked("named-by-another-channel")),
        witness="no channel named an order over another one",
    ),
    FORGED_ID: each_order(FORGED_ID, behind_a_forgery, witness="no true notify was taken behind a forgery of its id"),
    SHOWN: each_order(SHOWN, told_is_shown, witness="nobody looked at a payment after the platform had been told"),
    CODE: own_code,
}
