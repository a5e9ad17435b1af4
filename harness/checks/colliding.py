"""
Two that look like one are two, or one of them is refused; and an old answer takes nothing back.
"""

from collections.abc import Iterator, Mapping, Sequence

from harness.checks.base import KEPT, Check, Judgement, Ruling, Story, each_order, finding, judgement, stories
from harness.checks.books import account_of, disagreements, told_by
from harness.checks.occasions import called, marked
from harness.checks.refund import ENDED_WELL, asked_fen
from harness.history import Operation
from harness.model import PAID_STATUSES
from harness.verdict import Finding, yuan_text

CASE, BODY = "idempotency/numbers-differ-by-case", "concurrency/other-body-at-once"
NUMBER, STALE, STATUS = "refund/number-of-another-order", "order-of-arrival/stale-answer", "refund/status-fits"
PARTIAL, FULL = "PARTIAL", "FULL"


def numbers_differ_by_case(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by an order that was accepted under a number which differs from another's in case only.
    """
    told = stories(operations)
    findings: list[Finding] = []
    witnessed = 0
    for story in told.values():
        for met in marked("differs-by-case")(story):
            first = told.get(met.value["of"], Story(met.value["of"]))
            known = {line.value.get("payment_id"): line for line in first.seen("create")}
            taken = [line for line in story.seen("create") if line.value.get("payment_id")]
            witnessed += bool(known) and bool(story.asked("create"))
            findings += [
                finding(
                    CASE,
                    story,
                    expected="another payment, or a refusal",
                    actual=f"the payment of {first.order}",
                    evidence=[known[line.value["payment_id"]], line],
                    money=f"order {story.order} counts as paid when {first.order} is",
                )
                for line in taken
                if line.value["payment_id"] in known
            ][:1]
    return judgement(CASE, findings, witnessed=witnessed, witness="no two numbers differed in case only")


def other_body_at_once(story: Story) -> Iterator[Ruling]:
    """
    Asked for over two amounts at the same moment, and answered.
    """
    if not marked("other-body-at-once")(story):
        return
    asked = {line.index: line.value["amount_fen"] for line in story.asked("create")}
    taken = [line for line in story.seen("create") if line.of in asked]
    amounts = {asked[line.of] for line in taken if line.of is not None}
    if taken:
        yield Ruling(
            kept=len(amounts) == 1,
            expected="one amount accepted, the other refused",
            actual=f"{len(amounts)} amounts accepted: {', '.join(yuan_text(fen) for fen in sorted(amounts))}",
            evidence=tuple(taken),
            money=f"order {story.order}: somebody was told yes to an amount that nobody is asked to pay",
        )


def number_of_another_order(story: Story) -> Iterator[Ruling]:
    """
    A refund that was asked for under a number which another order's refund has, and answered.
    """
    met, book = tuple(marked("refund-number-elsewhere")(story)), story.last("book")
    answers = story.seen("refund")
    if not met or book is None or account_of(story) is None or not story.asked("refund"):
        return
    apart = disagreements(story)
    if apart:
        yield told_by(story, apart[0], *met)
        return
    done = [line for line in answers if line.value.get("refund_state") == ENDED_WELL]
    wanted_fen = sum(asked_fen(story).values()) if done else 0
    yield Ruling(
        kept=book.value["refunded_fen"] >= wanted_fen,
        expected=f"{yuan_text(wanted_fen)} refunded, as it was told",
        actual=f"{yuan_text(book.value['refunded_fen'])} refunded",
        evidence=(*met, *done[-1:], book),
        money=f"order {story.order}: its buyer waits for {yuan_text(wanted_fen)} that went to another",
    )


def stale_answer(story: Story) -> Iterator[Ruling]:
    """
    Seen as paid while an answer was on its way that had been given before; then looked at again.
    """
    if not marked("stale-answer")(story) or not called("query", "delay")(story):
        return
    looks = story.seen("get")
    paid = [line for line in looks if line.value["status"] in PAID_STATUSES]
    after = [line for line in looks if paid and line.index > paid[0].index]
    apart = disagreements(story)
    if after and apart:
        yield told_by(story, apart[0], *after[:1])
    elif after:
        wrong = [line for line in after if line.value["status"] not in PAID_STATUSES]
        yield (
            KEPT
            if not wrong
            else Ruling(
                kept=False,
                expected="paid, as it was before the old answer came",
                actual=str(wrong[0].value["status"]),
                evidence=(paid[0], wrong[0]),
            )
        )


def status_fits(story: Story) -> Iterator[Ruling]:
    """
    A payment with refunds, whose refund status is told.
    """
    account, ledger = account_of(story), story.last("ledger")
    if account is None or ledger is None or not account.paid_fen or not account.refunded_fen:
        return
    status = ledger.value.get("refund_status")
    if status in {PARTIAL, FULL} and not disagreements(story):
        fits = FULL if account.refunded_fen == account.paid_fen else PARTIAL
        yield Ruling(
            kept=status == fits,
            expected=fits,
            actual=str(status),
            evidence=(story.last("book"), ledger),
            money=f"order {story.order}: {yuan_text(account.refunded_fen)} of {yuan_text(account.paid_fen)} went back",
        )


CHECKS: Mapping[str, Check] = {
    CASE: numbers_differ_by_case,
    BODY: each_order(BODY, other_body_at_once, witness="no order was asked for over two amounts at the same moment"),
    NUMBER: each_order(NUMBER, number_of_another_order, witness="no two orders had one refund number"),
    STALE: each_order(STALE, stale_answer, witness="no answer was older than the news"),
    STATUS: each_order(STATUS, status_fits, witness="the refund status of no payment with refunds was told"),
}
