"""
The same thing twice is the same thing: notified, asked for, refunded, told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.checks.base import KEPT, Check, Judgement, Ruling, Story, each_order, finding, judgement, stories
from harness.checks.books import ended_and_given_back, given_back, still_right
from harness.checks.occasions import marked, notified, paid
from harness.checks.times import due_of
from harness.history import Operation, Phase
from harness.model import PAID_STATUSES
from harness.verdict import Finding, yuan_text

ID = "idempotency/credited-once"
LIES = frozenset({"forged", "tampered", "probe", "stray"})
# What may befall an answer that arrives all the same, and is true; most answers have no fault at all.
ARRIVED = frozenset({"", "delay", "slow_drip", "before_response", "other_spelling", "clock_skew"})
# What keeps an answer back; its call stands nowhere until then, though the work was done.
KEEPS_BACK = frozenset({"delay", "slow_drip", "held_up"})
# Trades in the provider's book that nobody can pay any more, and nobody has paid.
ENDED = frozenset({"CLOSED", "CANCELLED", "FAILED"})


def credited_once(operations: Sequence[Operation]) -> Judgement:
    """
    No order has two credits; witnessed by an order whose genuine notify was delivered twice and acknowledged.
    """
    told = stories(operations).values()
    findings = [found for story in told if (found := _twice(story)) is not None]
    witnessed = sum(1 for story in told if len(_acked(story)) > 1)
    return judgement(ID, findings, witnessed=witnessed, witness="no notify was delivered and acknowledged twice")


def _acked(story: Story) -> list[Operation]:
    # What is told without a kind is what a foreign provider delivered: taken for genuine.
    return [
        line for line in story.seen("notify") if line.value.get("acked") and line.value.get("kind", "true") not in LIES
    ]


def _twice(story: Story) -> Finding | None:
    ledger = story.last("ledger")
    credited = None if ledger is None else ledger.value["credits"]
    if credited is None or len(credited) < 2:
        return None
    book = story.last("book")
    paid_fen = 0 if book is None else book.value["paid_fen"]
    times = "twice" if len(credited) == 2 else f"{len(credited)} times"
    return finding(
        ID,
        story,
        expected="1 credit",
        actual=f"{len(credited)} credits",
        evidence=[*_acked(story)[-2:], book, ledger],
        money=f"order {story.order} credited {times}: {yuan_text(sum(credited) - paid_fen)} too much",
    )


def one_payment(story: Story) -> Iterator[Ruling]:
    """
    Every answer to an order that was asked for again names the same payment.
    """
    answers = [line for line in story.seen("create") if line.value.get("payment_id")]
    if len(answers) >= 2:
        yield same_payment(story, answers)


def same_payment(story: Story, answers: Sequence[Operation], *, burst: bool = False) -> Ruling:
    """
    The ruling that all *answers* to an order's opening, in a *burst* or not, name one payment.
    """
    ids = {line.value["payment_id"] for line in answers}
    said = "order {} opened {} times in a burst" if burst else "order {} opened {} times"
    return Ruling(
        kept=len(ids) == 1,
        expected="1 payment",
        actual=f"{len(ids)} payments: {', '.join(sorted(ids))}",
        evidence=tuple(answers),
        money=said.format(story.order, len(ids)),
    )


def one_trade(story: Story) -> Iterator[Ruling]:
    """
    An order that was asked for more than once has one trade that can be paid.
    """
    if len(story.asked("create")) < 2 or not story.seen("book"):
        return
    yield _single(story)


def asked_after_paid(story: Story) -> Iterator[Ruling]:
    """
    An order that was asked for again after the buyer had paid.
    """
    first_paid = next(iter(paid(story)), None)
    if first_paid is not None and any(line.index > first_paid.index for line in story.asked("create")):
        yield _single(story)


def open_trades(story: Story) -> dict[str, Operation]:
    """
    The order's trades that can be paid or have been, by number, but for those that were given up.
    """
    seen = [line for line in story.seen("book") if line.value["state"] not in ENDED]
    return {line.value["number"]: line for line in seen if not _given_up(story, line.value)}


def _given_up(story: Story, trade: Mapping[str, Any]) -> bool:
    """
    Whether a trade was left only after its opening had been repeated under its own number, and holds nobody's money:
    a provider that tells once how to pay may leave no other way.
    """
    opened = [line for line in story.calls("open") if line.value.get("number") == trade["number"]]
    answered = bool(opened) and opened[-1].value["fault"] in ARRIVED
    unseen = _opening_kept_back(story) and KEEPS_BACK.isdisjoint(line.value["fault"] for line in opened)
    return len(opened) + unseen > 1 and answered and trade["refunded_fen"] >= trade["paid_fen"]


def _opening_kept_back(story: Story) -> bool:
    return any(
        line.value["fault"] in KEEPS_BACK and line.value.get("on") in {"open", "reply"} for line in story.seen("fault")
    )


def _single(story: Story) -> Ruling:
    live = open_trades(story)
    if len(live) <= 1:
        return KEPT
    return Ruling(
        kept=False,
        expected="1 trade at the provider",
        actual=f"{len(live)} trades that can be paid, or are: {', '.join(sorted(live))}",
        evidence=tuple(live.values()),
        money=f"order {story.order}: the buyer can pay for it {len(live)} times",
    )


def same_order(story: Story) -> Iterator[Ruling]:
    """
    An order that was asked for again is the same payment, and has one trade.
    """
    yield from one_payment(story)
    yield from one_trade(story)


def asked_later(story: Story) -> Iterator[Ruling]:
    """
    The order was asked for again when whatever remembers for minutes only had forgotten it.
    """
    if marked("asked-later")(story):
        yield from same_order(story)


def refund_asked_later(story: Story) -> Iterator[Ruling]:
    """
    The same of a refund.
    """
    if marked("refund-asked-later")(story):
        yield from refund_number_once(story)


def other_body_refused(story: Story) -> Iterator[Ruling]:
    """
    The same order number with another amount; an answer that never came says nothing.
    """
    for line in story.lines.get("create_other", ()):
        if line.phase is Phase.FAIL:
            yield KEPT
        elif line.phase is Phase.OK:
            yield Ruling(
                kept=False,
                expected="refused: the number stands for another amount",
                actual="accepted",
                evidence=(line,),
            )


def refund_number_once(story: Story) -> Iterator[Ruling]:
    """
    One refund number asked for more than once.
    """
    by_number: dict[str, list[Operation]] = {}
    for line in story.asked("refund"):
        by_number.setdefault(line.value["refund_no"], []).append(line)
    book = story.last("book")
    if book is None or all(len(lines) < 2 for lines in by_number.values()):
        return
    if given_back(story) or ended_and_given_back(story):
        return
    most_fen = sum(lines[0].value["amount_fen"] for lines in by_number.values())
    refunded_fen = book.value["refunded_fen"]
    yield Ruling(
        kept=refunded_fen <= most_fen,
        expected=f"at most {yuan_text(most_fen)} refunded, each number once",
        actual=f"{yuan_text(refunded_fen)} refunded",
        evidence=(*story.asked("refund")[-2:], book),
        money=f"order {story.order}: one refund was made twice, {yuan_text(refunded_fen - most_fen)} too much",
    )


def query_and_notify(story: Story) -> list[Operation]:
    """
    Genuine notifies that came after the gateway had found the payment by asking.
    """
    found = [line for line in story.seen("sync") if line.value.get("status") in PAID_STATUSES]
    if not found:
        return []
    return [line for line in story.arrived("true", "duplicate") if due_of(line) > found[0].at]


def platform_event_repeats(story: Story) -> Iterator[Ruling]:
    """
    A webhook of a payment that was refused, and came again.
    """
    lines = [line for line in story.seen("webhook") if line.value["type"] == "payment.paid"]
    if len(lines) < 2 or all(line.value["told"] for line in lines[:-1]):
        return
    ids = {line.value["event_id"] for line in lines}
    said = {line.value["amount_fen"] for line in lines}
    if len(ids) == 1 and len(said) > 1:
        yield Ruling(
            kept=False,
            expected="the same content each time",
            actual=f"{len(said)} amounts under one event id: {', '.join(str(fen) for fen in said)} fen",
            evidence=tuple(lines),
            money=f"order {story.order}: what the platform books depends on which copy it took",
        )
        return
    yield Ruling(
        kept=len(ids) == 1,
        expected="the same event id each time",
        actual=f"{len(ids)} event ids: {', '.join(sorted(ids))}",
        evidence=tuple(lines),
        money=f"order {story.order}: the platform takes one payment for {len(ids)}",
    )


CHECKS: Mapping[str, Check] = {
    ID: credited_once,
    "idempotency/opened-once": each_order(
        "idempotency/opened-once", one_payment, witness="no order was asked for again"
    ),
    "idempotency/one-trade": each_order("idempotency/one-trade", one_trade, witness="no order was asked for again"),
    "idempotency/other-body-refused": each_order(
        "idempotency/other-body-refused", other_body_refused, witness="nobody asked for an order with another body"
    ),
    "idempotency/asked-after-paid": each_order(
        "idempotency/asked-after-paid", asked_after_paid, witness="no paid order was asked for again"
    ),
    "idempotency/refund-number-once": each_order(
        "idempotency/refund-number-once", refund_number_once, witness="no refund was asked for again"
    ),
    "idempotency/asked-later": each_order(
        "idempotency/asked-later", asked_later, witness="no order was asked for again much later"
    ),
    "idempotency/refund-asked-later": each_order(
        "idempotency/refund-asked-later", refund_asked_later, witness="no refund was asked for again much later"
    ),
    "idempotency/ack-not-heard": each_order(
        "idempotency/ack-not-heard",
        still_right(notified("true", "duplicate", fault="ack_ignored")),
        witness="no acknowledgement was ignored",
    ),
    "idempotency/query-and-notify": each_order(
        "idempotency/query-and-notify",
        still_right(query_and_notify),
        witness="no payment was found by a query and notified afterwards",
    ),
    "idempotency/platform-event-repeats": each_order(
        "idempotency/platform-event-repeats", platform_event_repeats, witness="the platform refused no webhook"
    ),
}
