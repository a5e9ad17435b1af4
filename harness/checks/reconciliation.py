"""
A day's bill against the books: what differs is told, what agrees is not, and nobody books what a bill says.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.checks.base import Check, Rule, Ruling, Story, family
from harness.checks.books import disagreements, still_right, told_by
from harness.checks.occasions import marked, paid
from harness.history import Operation, Phase
from harness.model import PAID_STATUSES

Found = Mapping[str, Any]
# A gateway may compare in its own time, and is asked again.
TRIES_MIN = 3


def compared(story: Story) -> list[Operation]:
    """
    The comparisons that came to an end, in order.
    """
    return [line for line in story.seen("reconcile") if line.value["done"]]


def agreeing(mark: str) -> Rule:
    """
    A rule: on a day that the story names no difference is told.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(marked(mark)(story))
        for line in compared(story) if met else ():
            open_ones = [one for one in line.value["discrepancies"] if one["status"] == "OPEN"]
            yield Ruling(
                kept=not open_ones,
                expected="no difference",
                actual=f"{len(open_ones)} differences: {_words(open_ones)}",
                evidence=(*met[:1], line),
            )

    return rule


def comes_to_an_end(story: Story) -> Iterator[Ruling]:
    """
    A quiet day whose bill is there was to be compared: once to its end, or several times in vain.
    """
    met = tuple(marked("quiet-day")(story))
    endings = [line for line in story.lines.get("reconcile", ()) if line.phase in {Phase.OK, Phase.FAIL}]
    undone = [line for line in endings if not line.value.get("done")]
    if met and (compared(story) or len(undone) >= TRIES_MIN):
        yield Ruling(
            kept=bool(compared(story)),
            expected="compared: the bill is there",
            actual=f"asked {len(undone)} times, and never told as compared",
            evidence=(*met[:1], *undone[-1:]),
        )


def told(difference: str, fits: Callable[[Found, str], bool], *, of_refund: bool = False) -> Rule:
    """
    A rule: a difference that was planted is told by the comparison after it.

    Args:
        fits: whether what the gateway told is it, given the number whose row was planted.
        of_refund: whether the row that was planted in is a refund's, which gateways call by a number of their own.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        planted = [line for line in story.seen("planted") if line.value["difference"] == difference]
        if bool(marked("refund-row")(story)) is not of_refund:
            return
        after = [line for line in compared(story) if planted and line.index > planted[0].index]
        if not after:
            return
        found: Sequence[Found] = after[-1].value["discrepancies"]
        yield Ruling(
            kept=any(fits(one, planted[0].value["number"]) for one in found),
            expected=f"{difference.replace('_', ' ')} is told",
            actual=f"{len(found)} differences: {_words(found)}" if found else "no difference",
            evidence=(planted[0], after[-1]),
            money=f"the bill of order {story.order}'s day is wrong, and nobody is told",
        )

    return rule


def lost_payment_found(story: Story) -> Iterator[Ruling]:
    """
    Paid, of which no notify came and no question was answered; then the day was compared.
    """
    if not marked("never-heard-of")(story) or not paid(story):
        return
    before = [line for line in story.seen("get") if line.index < (compared(story) or [line])[0].index]
    if not compared(story) or not before or before[-1].value["status"] in PAID_STATUSES:
        return
    line = compared(story)[0]
    later = [look for look in story.seen("get") if look.index > line.index]
    named = any(one["number"] == _number(story) for one in line.value["discrepancies"])
    booked = bool(later) and later[0].value["status"] in PAID_STATUSES
    yield Ruling(
        kept=named or booked,
        expected="told as a difference, or booked",
        actual="neither: the day was compared without a word of it",
        evidence=(before[-1], line, *later[:1]),
        money=f"order {story.order} was paid, stands in the bill, and the gateway does not know",
    )


def nothing_by_the_bill(story: Story) -> Iterator[Ruling]:
    """
    A bill that lies, compared; the provider's book is right.
    """
    planted = story.seen("planted")
    if not planted or not compared(story) or story.last("ledger") is None:
        return
    apart = disagreements(story)
    yield told_by(story, apart[0], planted[0]) if apart else Ruling(kept=True)


def too_early(mark: str, words: str) -> Rule:
    """
    A rule: the first comparison after the mark is refused, or waits.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(marked(mark)(story))
        endings = [line for line in story.lines.get("reconcile", ()) if line.of is not None]
        first = next((line for line in endings if met and line.of is not None and line.of > met[0].index), None)
        if first is not None:
            yield Ruling(
                kept=not first.value.get("done", False),
                expected="refused, or waited for",
                actual=f"told as compared, {words}",
                evidence=(met[0], first),
            )

    return rule


def _again(story: Story) -> list[Operation]:
    return compared(story) if len(compared(story)) > 1 and marked("compared-again")(story) else []


def _number(story: Story) -> str:
    ledger = story.last("ledger")
    return "" if ledger is None else str(ledger.value["number"])


def _words(found: Sequence[Found]) -> str:
    return ", ".join(f"{one['kind']} {one['number']}" for one in found[:3])


def _of(number: str, one: Found) -> bool:
    # A gateway that opened the order more than once may name the try.
    return bool(number) and str(one["number"]).startswith(number)


def _unexplained(one: Found, _: str) -> bool:
    return one["here_fen"] is None and one["there_fen"] is not None and one["status"] != "EXPLAINED"


CHECKS: Mapping[str, Check] = family(
    "reconciliation",
    ("true-bill-agrees", agreeing("quiet-day"), "no day without trouble was compared"),
    ("comes-to-an-end", comes_to_an_end, "no quiet day was compared"),
    ("refunds-agree", agreeing("day-with-refunds"), "no day with refunds was compared"),
    (
        "missing-row-told",
        told("missing_row", lambda one, number: _of(number, one) and one["row"] == "payment"),
        "no bill lacked a row",
    ),
    (
        "extra-row-told",
        told("extra_row", _unexplained),
        "no bill had a row too many",
    ),
    (
        "amount-told",
        told("amount", lambda one, number: _of(number, one) and one["here_fen"] != one["there_fen"]),
        "no bill had another amount",
    ),
    ("empty-bill-told", told("empty_bill", lambda one, _: one["there_fen"] is None), "no bill was empty"),
    (
        "refund-elsewhere-told",
        told("refund_other_day", lambda one, _: one["row"] == "refund"),
        "no bill lacked a refund",
    ),
    (
        "refund-amount-told",
        told("amount", lambda one, _: one["row"] == "refund" and one["here_fen"] != one["there_fen"], of_refund=True),
        "no bill had another amount for a refund",
    ),
    ("nothing-by-the-bill", nothing_by_the_bill, "no bill was wrong"),
    ("lost-payment-found", lost_payment_found, "the gateway had heard of every payment before the bill"),
    ("again-harmless", still_right(_again), "no day was compared again"),
    ("beijing-day", agreeing("around-midnight"), "nobody paid around midnight"),
    ("no-bill-no-agreement", too_early("no-bill-yet", "and there is no bill yet"), "every bill was there"),
    ("day-not-over", too_early("day-not-over", "and it is not over"), "no day was compared before it was over"),
)
