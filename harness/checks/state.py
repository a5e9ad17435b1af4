"""
What the gateway calls a payment, and that it never takes it back.
"""

from collections.abc import Iterator, Mapping, Sequence

from harness.checks.base import Check, Judgement, Ruling, Story, each_order, finding, judgement, stories
from harness.checks.books import agree, given_back, still_right
from harness.checks.occasions import paid, status_of
from harness.history import Operation, Phase
from harness.model import ENDED_STATUSES, PAID_STATUSES
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


def unpaid_stays_unpaid(story: Story) -> Iterator[Ruling]:
    """
    Opened at the provider, and never paid by anybody.
    """
    book = story.seen("book")
    if book and status_of(story) and not any(line.value["paid_fen"] for line in book):
        yield Ruling(
            kept=status_of(story) not in PAID_STATUSES,
            expected="unpaid, as the provider's book says",
            actual=status_of(story),
            evidence=(book[-1], story.last("ledger")),
            money=f"order {story.order} says {status_of(story)}, and nobody paid",
        )


def refund_keeps_paid(story: Story) -> Iterator[Ruling]:
    """
    A refund that the merchant asked for has happened.
    """
    book = story.last("book")
    refused = {line.of for line in story.lines.get("refund", ()) if line.phase is Phase.FAIL}
    seen_paid = any(line.value.get("status") in PAID_STATUSES for kind in LOOKS for line in story.seen(kind))
    if (given_back(story) and not seen_paid) or all(line.index in refused for line in story.asked("refund")):
        return  # what the gateway gave back by itself, since it came too late, is no refund of the merchant's
    if book is not None and book.value["refunded_fen"] and status_of(story):
        yield Ruling(
            kept=status_of(story) in PAID_STATUSES,
            expected="paid, with a refund",
            actual=status_of(story),
            evidence=(book, story.last("ledger")),
        )


def failed_attempt_unpaid(story: Story) -> Iterator[Ruling]:
    """
    The buyer tried, failed, and went home.
    """
    tried = _failed_attempts(story)
    if tried and not paid(story) and status_of(story):
        yield Ruling(
            kept=status_of(story) not in PAID_STATUSES,
            expected="unpaid",
            actual=status_of(story),
            evidence=(tried[-1], story.last("ledger")),
            money=f"order {story.order} says {status_of(story)}, though the buyer's attempt failed",
        )


def accepted_can_be_paid(story: Story) -> Iterator[Ruling]:
    """
    A buyer came to pay an order that the gateway had accepted, that no fault and nothing else was laid on, and that is
    still told as open.
    """
    if not _came_undisturbed(story):
        return
    accepted = story.seen("create")
    turned_away = [line for line in story.lines["pay"] if line.phase is Phase.FAIL]
    gone = turned_away and not story.seen("book") and status_of(story) == "PENDING"
    yield Ruling(
        kept=not gone,
        expected="a trade at the provider that can be paid, or an order that is told as failed",
        actual="no trade, and the order is told as open",
        evidence=(accepted[0], *turned_away[:1], story.last("ledger")),
        money=f"order {story.order} was accepted, and nobody can pay it",
    )


def opened_as_accepted(story: Story) -> Iterator[Ruling]:
    """
    A buyer came to pay an order that the gateway had accepted and asked the provider for, and that nothing befell.
    """
    calls = story.lines.get("call", ())
    befallen = story.kills or any(line.value.get("fault") for line in calls)
    if not _came_undisturbed(story) or not story.calls("open") or befallen:
        return
    turned_away = [line for line in story.lines["pay"] if line.phase is Phase.FAIL]
    gone = turned_away and not story.seen("book") and status_of(story) in ENDED_STATUSES
    yield Ruling(
        kept=not gone,
        expected="a trade at the provider that can be paid",
        actual=f"no trade, and the order is told as {status_of(story)}",
        evidence=(*story.seen("create")[:1], *turned_away[:1], story.last("ledger")),
        money=f"order {story.order} was accepted, and nobody can pay it",
    )


def _came_undisturbed(story: Story) -> bool:
    accepted = [line for line in story.lines.get("create", ()) if line.phase is Phase.OK]
    disturbed = any(story.seen(kind) for kind in ("fault", "mark")) or bool(story.asked("close"))
    return bool(accepted and story.asked("pay") and not disturbed)


def paid_after_failed(story: Story) -> list[Operation]:
    """
    The buyer tried, failed, and then paid.
    """
    return _failed_attempts(story) if paid(story) else []


def _failed_attempts(story: Story) -> list[Operation]:
    return [line for kind in ("insufficient_balance", "wrong_password") for line in story.seen(kind)]


CHECKS: Mapping[str, Check] = {
    ID: never_back,
    "state/books-agree": agree(
        "state/books-agree", when=lambda account: account.payment is not None, witness="no payment's state was read"
    ),
    "state/unpaid-stays-unpaid": each_order(
        "state/unpaid-stays-unpaid", unpaid_stays_unpaid, witness="every order was paid"
    ),
    "state/refund-keeps-paid": each_order("state/refund-keeps-paid", refund_keeps_paid, witness="nothing was refunded"),
    "state/failed-attempt-unpaid": each_order(
        "state/failed-attempt-unpaid", failed_attempt_unpaid, witness="no buyer failed to pay"
    ),
    "state/accepted-can-be-paid": each_order(
        "state/accepted-can-be-paid", accepted_can_be_paid, witness="nobody came to pay an order that nothing befell"
    ),
    "state/opened-as-accepted": each_order(
        "state/opened-as-accepted", opened_as_accepted, witness="nobody came to pay an order that nothing befell"
    ),
    "state/paid-after-failed-attempt": each_order(
        "state/paid-after-failed-attempt", still_right(paid_after_failed), witness="no buyer paid after failing to"
    ),
}
