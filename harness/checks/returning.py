"""
Refunds that do not end as their first answer says: what became of the money decides, and the books agree about it.
"""

from collections.abc import Iterable, Iterator, Mapping

from harness.checks.base import KEPT, Check, Ruling, Story, family
from harness.checks.books import account_of, disagreements, still_right, told_by
from harness.checks.occasions import Occasion, marked, struck_by
from harness.checks.refund import all_gone_back, asked_fen
from harness.history import Operation
from harness.verdict import yuan_text

GONE_BACK = frozenset({"PARTIAL", "FULL"})


def failed_later(story: Story) -> Iterator[Ruling]:
    """
    Accepted, and failed; where everything was asked back, and what failed was asked for anew, all of it has gone back.
    """
    failed, book = tuple(struck_by("refund_fails")(story)), story.last("book")
    if not failed or book is None or account_of(story) is None:
        return
    apart = disagreements(story)
    if apart:
        yield told_by(story, apart[0], *failed[:1])
        return
    met = tuple(marked("refund-failed-later")(story))
    if not met or not _anew(story, after=met[0]):
        yield KEPT
        return
    yield all_gone_back(story, book)


def _refused_after_doubt(story: Story) -> list[Operation]:
    """
    A refund call that was refused, behind one that was not answered.
    """
    lost = [line.index for line in story.calls("refund", faults=("timeout_after",))]
    return [line for line in story.calls("refund", faults=("refuse",)) if lost and line.index > lost[0]]


def notice_acked(story: Story) -> Iterator[Ruling]:
    """
    A refund's true notice that the gateway answered, of a payment that it knows.
    """
    arrived = [line for line in story.arrived("true", "duplicate") if line.value.get("event") == "refund"]
    true = [line for line in arrived if line.value["status"] is not None]
    if true and story.last("ledger") is not None:
        yield Ruling(
            kept=any(line.value["acked"] for line in true),
            expected="acknowledged in the end",
            actual=f"{len(true)} true notifies, none acknowledged; the last was answered {true[-1].value['status']}",
            evidence=(true[-1], story.last("ledger")),
        )


def _anew(story: Story, *, after: Operation) -> bool:
    return any(line.index > after.index for line in story.asked("refund"))


def stuck_is_neither(story: Story) -> Iterator[Ruling]:
    """
    Looked at while it was stuck, and asked for anew; then it arrived.
    """
    met = tuple(marked("refund-stuck")(story))
    book = story.last("book")
    if not met or book is None or not struck_by("refund_fails")(story):
        return
    looks = [line for line in story.seen("get") if line.index > met[0].index]
    told = [line for line in looks[:1] if line.value.get("refund_status") in GONE_BACK]
    if told:
        yield Ruling(
            kept=False,
            expected="no refund told as done while it is stuck",
            actual=f"refund status {told[0].value['refund_status']}",
            evidence=(*met, *told),
            money=f"order {story.order}: its buyer is told of money that has not come back",
        )
        return
    apart = disagreements(story)
    if apart:
        yield told_by(story, apart[0], *met)
        return
    first_fen = next(iter(asked_fen(story).values()), 0)
    yield Ruling(
        kept=book.value["refunded_fen"] == first_fen,
        expected=f"{yuan_text(first_fen)} refunded, once",
        actual=f"{yuan_text(book.value['refunded_fen'])} refunded",
        evidence=(*story.asked("refund"), book),
    )


def _astray(which: str) -> Occasion:
    """
    A refund was asked for, and something about the order was answered by another's.
    """

    def occasion(story: Story) -> Iterable[Operation]:
        return struck_by("another_answer", which=which)(story) if story.asked("refund") else ()

    return occasion


CHECKS: Mapping[str, Check] = family(
    "refund",
    (
        "refused-after-doubt",
        still_right(_refused_after_doubt),
        "no refund was refused after one that was not answered",
    ),
    ("notice-acked", notice_acked, "no true notice of a refund was answered"),
    ("failed-later", failed_later, "no refund failed after it was accepted"),
    ("stuck-is-neither", stuck_is_neither, "no refund was stuck"),
    ("answer-about-another", still_right(_astray("order")), "every answer was about the refund that was asked for"),
    ("answer-other-amount", still_right(_astray("amount")), "every answer named the refund's amount"),
)
