"""
Orders that end without money: at the provider first, and nobody's money is forgotten behind a closed door.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from harness.checks.base import KEPT, Check, Rule, Ruling, Story, family
from harness.checks.books import disagreements, still_right, told_by
from harness.checks.idempotency import open_trades
from harness.checks.occasions import Occasion, marked, paid, status_of, struck
from harness.checks.refund import of_nothing, refund_refused
from harness.history import Operation, Phase
from harness.model import ENDED_STATUSES
from harness.verdict import yuan_text

SAME_MOMENT = timedelta(seconds=1)
# Calls that end a trade.
ENDS = ("close", "cancel")
LOOKS = ("create", "get", "sync", "close", "ledger")


def payable(story: Story) -> dict[str, Operation]:
    """
    The order's trades that a buyer can still pay, or has paid without being given it back.
    """
    return {
        number: line
        for number, line in open_trades(story).items()
        if not line.value["paid_fen"] or line.value["refunded_fen"] < line.value["paid_fen"]
    }


def provider_first(story: Story) -> Iterator[Ruling]:
    """
    Told as closed at the end, with a trade at the provider.
    """
    if status_of(story) not in ENDED_STATUSES or not story.seen("book"):
        return
    left = payable(story)
    yield Ruling(
        kept=not left,
        expected="no trade that can be paid",
        actual=f"{status_of(story)}, and the buyer can still pay {', '.join(sorted(left))}",
        evidence=(*story.calls("close")[-1:], *left.values(), story.last("ledger")),
        money=f"order {story.order} is closed here and open at the provider: whoever pays it pays for nothing",
    )


def ended_right(occasion: Occasion) -> Rule:
    """
    A rule: where *occasion* was met, the books agree, and what is closed here is closed there.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(occasion(story))
        if not met or not status_of(story):
            return
        apart = disagreements(story)
        yield told_by(story, apart[0], *met[:1]) if apart else next(provider_first(story), KEPT)

    return rule


def overtakes_opening(story: Story) -> Iterator[Ruling]:
    """
    Closed while the call that opens it was on its way; what is told as closed afterwards can no longer be paid.
    """
    occasion = marked("close-overtakes-opening")
    ended = [line for line in story.seen("get") if line.value["status"] in ENDED_STATUSES]
    paid_after = [line for line in story.seen("pay") if ended and line.index > ended[0].index]
    if not occasion(story) or not paid_after:
        yield from ended_right(occasion)(story)
        return
    yield Ruling(
        kept=False,
        expected="no trade that can be paid",
        actual=f"{ended[0].value['status']}, and the buyer paid",
        evidence=(ended[0], paid_after[0]),
        money=f"order {story.order} is closed here and open at the provider: whoever pays it pays for nothing",
    )


def not_believed(story: Story) -> Iterator[Ruling]:
    """
    A close whose answer's signature does not match: the gateway calls again before it says that the order is closed.
    """
    met = _ending("bad_signature")(story)
    if not met or not status_of(story):
        return
    again = any(line.index > met[0].index for line in story.lines["call"])
    if not again and any(_beside(query, met[0]) for query in story.calls("query", faults=("",))):
        return  # whoever asked beside it was told, too, and may have closed the order by that
    yield Ruling(
        kept=again or status_of(story) not in ENDED_STATUSES,
        expected="another call, since nobody said anything that counts",
        actual=f"the answer to {met[0].value['api']} was taken at its word",
        evidence=(met[0], story.last("ledger")),
    )


def _beside(one: Operation, other: Operation) -> bool:
    """
    Whether two calls were made at the same moment; of one whose moment is not told nobody knows.
    """
    first, second = (str(line.value.get("at") or "") for line in (one, other))
    if not first or not second:
        return False
    return abs(datetime.fromisoformat(first) - datetime.fromisoformat(second)) <= SAME_MOMENT


def ends_closed(story: Story) -> Iterator[Ruling]:
    """
    A close that the gateway took, of an order that nobody paid or asked for again.
    """
    if not story.seen("close") or not status_of(story) or _paid_fen(story):
        return
    if status_of(story) not in ENDED_STATUSES and (_after("close", "create")(story) or _not_answered(story)):
        return
    yield Ruling(
        kept=status_of(story) in ENDED_STATUSES,
        expected="CLOSED or CANCELLED",
        actual=status_of(story),
        evidence=(story.last("close"), story.last("ledger")),
    )


def _not_answered(story: Story) -> bool:
    """
    Whether the gateway never said that the order is closed, because the provider gave no answer, or only before the
    close, or was made to keep its answer back so that the call stands nowhere, or because it was killed over it. It has
    to find out in time, and the order's own time is the longest that it may take.
    """
    if any(line.value.get("status") != "PENDING" for line in story.seen("close")):
        return False
    queries, ends = story.calls("query"), [line for verb in ENDS for line in story.calls(verb)]
    disturbed = [line.index for line in ends if line.value.get("fault")]
    held_back = not ends and any(line.value["on"] in {*ENDS, "reply"} for line in story.seen("fault"))
    if held_back or any(kill.index > story.asked("close")[-1].index for kill in story.kills):
        return True
    if not disturbed:
        return not ends and any(line.value.get("fault") for line in queries)
    after = [line for line in queries if line.index > max(disturbed) and not line.value.get("fault")]
    return not after or not _shut(story)


def _shut(story: Story) -> bool:
    return all(line.value["state"] == "CLOSED" for line in story.seen("book"))


def nothing_credited(story: Story) -> Iterator[Ruling]:
    """
    A close that the gateway took, of an order that nobody paid.
    """
    ledger = story.last("ledger")
    if ledger is None or not story.seen("close") or _paid_fen(story):
        return
    told = [line for line in story.seen("webhook") if line.value["type"] == "payment.paid"]
    credited_fen = sum(ledger.value["credits"] or ())
    yield Ruling(
        kept=not credited_fen and not told,
        expected="nothing credited, and the platform told of no payment",
        actual=f"{yuan_text(credited_fen)} credited, payment.paid told {len(told)} times",
        evidence=(ledger, *told[:1]),
        money=f"order {story.order} was closed and not paid, and {yuan_text(credited_fen)} were credited",
    )


def stays_closed(story: Story) -> Iterator[Ruling]:
    """
    Looks that began after the order had been told as closed, where nobody ever paid.
    """
    if not story.asked("close") or _paid_fen(story):
        return
    looks = [line for kind in LOOKS for line in story.seen(kind) if line.value.get("status")]
    looks.sort(key=lambda line: line.index)
    first = next((line for line in looks if line.value["status"] in ENDED_STATUSES), None)
    if first is None:
        return
    for line in looks:
        began = line.of if line.phase is Phase.OK and line.of is not None else line.index
        if began > first.index:
            yield Ruling(
                kept=line.value["status"] in ENDED_STATUSES,
                expected=first.value["status"],
                actual=f"{line.value['status']} after {first.value['status']}",
                evidence=(first, line),
            )


def time_over(story: Story) -> Iterator[Ruling]:
    """
    Nobody paid, and the order's time is over.
    """
    if not marked("time-over")(story) or _paid_fen(story) or not status_of(story):
        return
    if status_of(story) in ENDED_STATUSES:
        yield from provider_first(story) if story.seen("book") else (KEPT,)
        return
    yield Ruling(
        kept=False,
        expected="CLOSED or CANCELLED, a day after its time was over",
        actual=status_of(story),
        evidence=(story.last("book"), story.last("ledger")),
    )


def late_refund(story: Story) -> Iterator[Ruling]:
    """
    Money came too late, and the call that gives it back met something; a gateway that revives orders makes none.
    """
    met = marked("late-refund")(story)
    if not met or not paid(story) or not status_of(story):
        return
    numbers = {line.value["refund_no"] for line in story.calls("refund") if line.value["refund_no"]}
    if len(numbers) > 1:
        yield Ruling(
            kept=False,
            expected="1 refund number, however often it is tried",
            actual=f"{len(numbers)}: {', '.join(sorted(numbers))}",
            evidence=tuple(story.calls("refund")),
            money=f"order {story.order}: money that came too late went out under {len(numbers)} numbers",
        )
    else:
        yield from still_right(lambda _: met)(story)


def _paid_fen(story: Story) -> int:
    return sum(line.value["paid_fen"] for line in story.seen("book"))


def _after(first: str, then: str) -> Occasion:
    """
    What was asked as *then* after the buyer or the merchant had asked for *first*.
    """

    def occasion(story: Story) -> list[Operation]:
        begun = story.seen(first) if first == "pay" else story.asked(first)
        return [line for line in story.asked(then) if begun and line.index > begun[0].index]

    return occasion


def _twice(story: Story) -> list[Operation]:
    closes = story.asked("close")
    return closes if len(closes) > 1 else []


def _found(story: Story) -> list[Operation]:
    silent = [line for line in story.seen("fault") if line.value["fault"] in {"drop_all", "delay"}]
    return list(_after("pay", "close")(story)) if silent else []


def _late(story: Story) -> list[Operation]:
    return story.seen("pay_late") if story.asked("close") else []


def _late_by_time(story: Story) -> list[Operation]:
    return [*story.seen("pay_late"), *paid(story)] if marked("late-by-time")(story) else []


def _after_close(story: Story) -> list[Operation]:
    return list(struck("after_close")(story)) if story.asked("close") else []


def _unanswered(story: Story) -> list[Operation]:
    lost = ("timeout_before", "timeout_after", "reset_before", "reset_after")
    return story.calls("open", faults=lost) if story.asked("close") else []


def _refunds(story: Story) -> list[Operation]:
    return of_nothing(story) if story.seen("close") else []


def _ending(*faults: str) -> Callable[[Story], list[Operation]]:
    """
    A call that was to end the trade, in whichever way the provider offers, and that one of *faults* befell.
    """

    def occasion(story: Story) -> list[Operation]:
        return [line for verb in ENDS for line in story.calls(verb, faults=faults)]

    return occasion


CHECKS: Mapping[str, Check] = family(
    "close",
    ("provider-first", provider_first, "no order with a trade was closed"),
    ("ends-closed", ends_closed, "no unpaid order was closed"),
    ("twice-harmless", ended_right(_twice), "no order was closed twice"),
    ("paid-stays-paid", still_right(_after("pay", "close")), "no paid order was asked to be closed"),
    ("found-paid", still_right(_found), "no order that was paid without a notify was closed"),
    ("paid-at-once", ended_right(marked("paid-while-closing")), "nobody paid while the order was closed"),
    ("paid-late", still_right(_late), "nobody paid a closed order"),
    ("late-refund-settled", late_refund, "no money came too late whose way back met anything"),
    ("notify-after", still_right(_after_close), "no notify came after a close"),
    ("nothing-credited", nothing_credited, "no unpaid order was closed"),
    ("asked-again", ended_right(_after("close", "create")), "no closed order was asked for again"),
    ("refund-refused", refund_refused(_refunds), "nobody asked for the money of a closed order"),
    ("stays-closed", stays_closed, "no closed order was looked at again"),
    ("unanswered-opening", ended_right(_unanswered), "no order was closed whose opening had not been answered"),
    (
        "overtakes-opening",
        overtakes_opening,
        "no order was closed while it was being opened",
    ),
    ("no-answer", ended_right(_ending("timeout_after", "timeout_before")), "every close was answered"),
    ("torn", ended_right(_ending("reset_after", "reset_before")), "no close was torn off"),
    ("system-error", ended_right(_ending("system_error", "http_error")), "no close met a system error"),
    ("still-paying", ended_right(_ending("in_process")), "no close was put off"),
    ("not-believed", not_believed, "every close's signature matched"),
    ("times-out", time_over, "no order's time was over"),
    ("paid-before-timeout", still_right(marked("paid-before-timeout")), "nobody paid at the last moment"),
    ("late-after-timeout", still_right(_late_by_time), "nobody paid after the order's time was over"),
)
