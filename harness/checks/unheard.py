"""
Money that nobody told the gateway of, and that it had no reason to ask for: it came after the provider had told the
gateway that the trade was closed, and every notify of it was lost.

Such a payment stands in the bill of its day and nowhere else. A gateway that was shown that bill and says nothing is
wrong; of one that was not, nobody can say. It refuses to judge: it names the trades, and why nobody could know.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harness.checks.story import Story
from harness.clock import BEIJING
from harness.history import Operation
from harness.model import ENDED_STATUSES

# Calls whose answers say how a trade stands.
TELLING = frozenset({"query", "close", "cancel"})
# Faults that leave an answer true. What they hold up was true when it was written, and is journalled when it leaves.
SLOW = frozenset({"delay", "slow_drip"})


def unheard(story: Story) -> Mapping[str, str]:
    """
    The trades of the order, by their numbers at the provider, whose money the gateway could not know of, each with the
    reason in words.
    """
    late = [line for line in story.seen("book") if line.value.get("late_after") and line.value["paid_fen"]]
    found = {}
    for line in late:
        if line.value["refunded_fen"] >= line.value["paid_fen"] or not _ended(story, line) or _told(story, line):
            continue
        if not _billed(story, line):
            found[str(line.value["number"])] = _why(story)
    return found


def without(story: Story, numbers: Mapping[str, str]) -> Story:
    """
    The order as it would be if nobody had paid these trades.
    """
    left = Story(story.order)
    left.lines.update(story.lines)
    left.lines["book"] = [line for line in story.lines["book"] if line.value.get("number") not in numbers]
    return left


def _ended(story: Story, book: Operation) -> bool:
    """
    Whether the provider told the gateway that the trade was closed, and the gateway takes it for nothing else.
    """
    ledger = story.last("ledger")
    if (
        ledger is not None
        and ledger.value["number"] == book.value["number"]
        and ledger.value["status"] not in ENDED_STATUSES
    ):
        return False
    shut_at, paid_at = _at(book.value["late_after"]), _at(book.value["paid_at"])
    return any(
        shut_at <= _at(line.value["at"]) and (_at(line.value["at"]) <= paid_at or line.value.get("fault"))
        for line in _answers(story, book, faults=SLOW)
    )


def _told(story: Story, book: Operation) -> bool:
    """
    Whether the gateway was told of the money: by a notify that it answered, or by the answer to a question.
    """
    number, paid_at = book.value["number"], _at(book.value["paid_at"])
    notified = [
        line
        for line in story.arrived("true", "duplicate")
        if line.value.get("number", number) == number and line.value.get("event", "payment") == "payment"
    ]
    answers = _answers(story, book, faults=frozenset())
    return bool(notified) or any(_at(line.value["at"]) > paid_at for line in answers)


def _answers(story: Story, book: Operation, *, faults: frozenset[str]) -> list[Operation]:
    return [
        line
        for line in story.lines.get("call", ())
        if line.value["verb"] in TELLING
        and line.value["number"] == book.value["number"]
        and line.value["signature_ok"]
        and line.value.get("at")
        and set((line.value.get("fault") or "").split("+")) <= faults | {""}
    ]


def _billed(story: Story, book: Operation) -> bool:
    """
    Whether the gateway compared the bill that has the money, and told of no difference.
    """
    day = _at(book.value["paid_at"]).astimezone(BEIJING).date().isoformat()
    asked = {line.index: line.value.get("day", "") for line in story.asked("reconcile")}
    done = [line for line in story.seen("reconcile") if line.value["done"] and line.of is not None]
    after = [line for line in done if line.of in asked and asked[line.of] >= day]
    return bool(after) and not any(_named(one, book) for line in after for one in line.value["discrepancies"])


def _named(difference: Mapping[str, Any], book: Operation) -> bool:
    return str(difference["number"]) == str(book.value["number"])


def _why(story: Story) -> str:
    shown = any(line.value["done"] for line in story.seen("reconcile"))
    end = "it told the difference when it compared the bill" if shown else "only the bill of that day tells of it"
    return (
        f"order {story.order}: its money came after the provider had told the gateway that the trade was closed, "
        f"and no notify of it arrived; {end}"
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
