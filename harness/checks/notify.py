"""
Notifies: taken when they are true, however late and however often; and the platform hears of what they brought.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from harness.checks.base import Check, Judgement, Ruling, Story, family, finding, judgement, stories
from harness.checks.books import agree, still_right
from harness.checks.occasions import Occasion, for_another_merchant, marked, met, notified, paid, struck
from harness.checks.signature import new_key_at_hand, refused
from harness.history import Operation
from harness.model import PAID_STATUSES
from harness.verdict import Finding

ID = "notify/duplicate-acked"
DISTINCT = "notify/platform-events-distinct"
# Copies that arrive together may get in each other's way, and the one that lost is brought again. After this long the
# first is settled, so that a refusal means that the gateway takes a repetition for a mistake.
APART = timedelta(seconds=60)
# A copy under a key that the gateway has still to fetch, or in a charset that it may refuse, is told otherwise than the
# one that was acknowledged; requirements of their own hold it to those.
TOLD_OTHERWISE = frozenset({"certificate_rotation", "wrong_encoding"})


def duplicate_acked(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by a genuine notify that came again well after it had been acknowledged, and got an answer.

    An answer of 500 and above is no refusal: the gateway was in trouble, and is asked again.
    """
    findings = []
    witnessed = 0
    for story in stories(operations).values():
        again = [pair for pair in _repeated(story) if pair[1].value["status"] < 500]
        witnessed += len(again)
        refused = [pair for pair in again if not pair[1].value["acked"]]
        if refused:
            findings.append(_finding(story, refused[0]))
    return judgement(ID, findings, witnessed=witnessed, witness="no acknowledged notify came again later")


def _repeated(story: Story) -> list[tuple[Operation, Operation]]:
    """
    The first acknowledged delivery of a notify with each later one.
    """
    found = []
    first: dict[str, Operation] = {}
    arrived = [
        line
        for line in story.seen("notify")
        if line.value["kind"] in {"true", "duplicate"} and line.value.get("status") and line.value.get("due_at")
        if line.value["acked"] or TOLD_OTHERWISE.isdisjoint(line.value.get("faults", ()))
    ]
    for line in sorted(arrived, key=_due):
        earlier = first.get(line.value["notify_id"])
        if earlier is not None and _due(line) - _due(earlier) >= APART:
            found.append((earlier, line))
        elif earlier is None and line.value["acked"]:
            first[line.value["notify_id"]] = line
    return found


def _due(line: Operation) -> datetime:
    return datetime.fromisoformat(line.value["due_at"])


def _finding(story: Story, pair: tuple[Operation, Operation]) -> Finding:
    earlier, later = pair
    return finding(
        ID,
        story,
        expected="acknowledged, without effect",
        actual=f"answered {later.value['status']} and no acknowledgement, though it was acknowledged before",
        evidence=[earlier, later],
    )


def true_is_acked(story: Story) -> Iterator[Ruling]:
    """
    A payment that the gateway knows and whose true notify it answered, other than one under a key still to be fetched.
    """
    true = [line for line in story.arrived("true", "duplicate") if line.value["status"] is not None]
    acked = any(line.value["acked"] for line in true)
    plain = any("certificate_rotation" not in line.value.get("faults", ()) for line in true)
    told = acked or plain or new_key_at_hand(story)
    if told and true and story.last("ledger") is not None:
        yield Ruling(
            kept=acked,
            expected="acknowledged in the end",
            actual=f"{len(true)} true notifies, none acknowledged; the last was answered {true[-1].value['status']}",
            evidence=(true[-1], story.last("ledger")),
        )


def acked_is_known(story: Story) -> Iterator[Ruling]:
    """
    Once a true notify was acknowledged, the gateway knows the payment as paid, or has given the money back.
    """
    acked = [line for line in story.arrived("true", "duplicate") if line.value["acked"]]
    ledger, book = story.last("ledger"), story.last("book")
    if not acked or book is None or not book.value["paid_fen"]:
        return
    known = ledger is not None and (ledger.value["status"] in PAID_STATUSES or _given_back(ledger))
    yield Ruling(
        kept=known,
        expected="paid, or refunded",
        actual="unknown to the gateway" if ledger is None else str(ledger.value["status"]),
        evidence=(acked[0], book, ledger),
        money=f"order {story.order}: its notify was acknowledged and will not come again, and the money is lost",
    )


def platform_long_down(story: Story) -> Iterator[Ruling]:
    """
    The platform refused the news for a long time, and is back.
    """
    if marked("platform-long-down")(story):
        yield from platform_told_again(story)


def platform_one_not_all(story: Story) -> Iterator[Ruling]:
    """
    A payment whose news the platform takes, while it refuses those of another one.
    """
    met = tuple(marked("beside-a-refused")(story))
    if not met or not paid(story):
        return
    by = datetime.fromisoformat(met[0].value["by"])
    news = [line for line in story.seen("webhook") if line.value["told"] and line.value["type"] == "payment.paid"]
    first = min((datetime.fromisoformat(line.value["received_at"]) for line in news), default=None)
    yield Ruling(
        kept=first is not None and first <= by,
        expected=f"told by {by:%H:%M:%S}: nobody refused it",
        actual="not told" if first is None else f"told at {first:%H:%M:%S} only, after the other one was taken",
        evidence=(met[0], *news[:1]),
        money=f"order {story.order}: the platform waits for a payment because it refused another one",
    )


def platform_events_distinct(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by each thing that was told; a platform that knows an event's id passes over whatever comes under it.
    """
    first: dict[str, Operation] = {}
    things: set[tuple[str, str, str]] = set()
    findings = []
    for story in stories(operations).values():
        for line in story.seen("webhook"):
            name, kind = str(line.value["event_id"]), str(line.value["type"])
            things.add((name, story.order, kind))
            earlier = first.setdefault(name, line)
            if (earlier.order, earlier.value["type"]) != (story.order, kind):
                findings.append(_same_name(story, earlier, line))
    return judgement(DISTINCT, findings[:1], witnessed=len(things), witness="the platform was told of nothing")


def _same_name(story: Story, earlier: Operation, later: Operation) -> Finding:
    return finding(
        DISTINCT,
        story,
        expected="an event id of its own",
        actual=f"{later.value['type']} told as {later.value['event_id']}, as was {earlier.value['type']} of another",
        evidence=[earlier, later],
        money=f"order {story.order}: the platform takes its news for a repetition, and never hears of it",
    )


def _given_back(ledger: Operation) -> bool:
    return ledger.value.get("refund_status") in {"PROCESSING", "FULL"}


def platform_told_again(story: Story) -> Iterator[Ruling]:
    """
    The platform refused the news of a payment.
    """
    news = [line for line in story.seen("webhook") if line.value["type"] == "payment.paid"]
    if news and not news[0].value["told"]:
        yield Ruling(
            kept=any(line.value["told"] for line in news),
            expected="told again until it is taken",
            actual=f"told {len(news)} times, never taken",
            evidence=tuple(news[-2:]),
            money=f"order {story.order}: the platform never learned of a payment",
        )


def _all_lost(story: Story) -> list[Operation]:
    """
    Paid, and no true notify ever reached the gateway.
    """
    lost = [line for line in story.seen("fault") if line.value["fault"] == "drop_all"] or met(story, "drop_all")
    return paid(story) if lost and not story.arrived("true", "duplicate") else []


def _again_after(least: timedelta) -> Occasion:
    def occasion(story: Story) -> list[Operation]:
        return [later for earlier, later in _repeated(story) if _due(later) - _due(earlier) >= least]

    return occasion


def odd_text(story: Story) -> Iterator[Ruling]:
    """
    Somebody paid for an order with an odd text; that it was found by asking excuses no refused notify.
    """
    if not marked("odd-text")(story) or not paid(story):
        return
    true = story.arrived("true", "duplicate")
    if true and not any(line.value["acked"] for line in true):
        yield never_acked(true)
    else:
        yield from still_right(paid)(story)


def never_acked(true: Sequence[Operation]) -> Ruling:
    """
    What a payment's genuine notifies were in vain for.
    """
    return Ruling(
        kept=False,
        expected="its notify acknowledged in the end",
        actual=f"{len(true)} true notifies, none acknowledged",
        evidence=tuple(true[-1:]),
    )


def failed_is_not_paid(story: Story) -> Iterator[Ruling]:
    """
    Nothing but a notify that says that the payment failed was heard of the order: no query was answered meanwhile.
    """
    said = tuple(notified("stray", fault="says_failed")(story))
    moment = tuple(marked("only-told-of-failure")(story))
    looks = [line for line in story.seen("get") if moment and line.index > moment[0].index]
    if said and looks:
        yield Ruling(
            kept=looks[0].value["status"] not in PAID_STATUSES,
            expected="not paid: all that was said is that the payment failed",
            actual=str(looks[0].value["status"]),
            evidence=(said[0], looks[0]),
            money=f"order {story.order} counts as paid because of a notify that says that its payment failed",
        )


def _replayed_after_refund(story: Story) -> list[Operation]:
    return story.arrived("replayed") if story.asked("refund") else []


CHECKS: Mapping[str, Check] = {
    ID: duplicate_acked,
    DISTINCT: platform_events_distinct,
    "notify/nothing-lost": agree(
        "notify/nothing-lost", when=lambda account: bool(account.paid_fen), witness="nobody paid"
    ),
    "notify/platform-told-once": agree(
        "notify/platform-told-once",
        when=lambda account: account.told is not None and bool(account.paid_fen),
        witness="the platform was told of no payment",
    ),
    "notify/platform-told-amount": agree(
        "notify/platform-told-amount",
        when=lambda account: account.told is not None and bool(account.paid_fen),
        witness="the platform was told of no payment",
    ),
    **family(
        "notify",
        ("acked-is-known", acked_is_known, "no true notify was acknowledged"),
        ("true-is-acked", true_is_acked, "no true notify was answered"),
        ("platform-told-again", platform_told_again, "the platform refused no webhook"),
        ("none-came", still_right(_all_lost), "notifies came for every payment"),
        ("first-rungs-lost", still_right(struck("drop")), "no first notify was lost"),
        ("a-day-late", still_right(marked("a-day-late")), "no notify came a day late"),
        ("days-later-again", still_right(_again_after(timedelta(days=2))), "no notify came again days later"),
        ("slow-reader", still_right(struck("slow_reading")), "no platform read slowly"),
        ("old-one-again", still_right(_replayed_after_refund), "no notify was replayed after a refund"),
        (
            "another-merchants",
            refused(for_another_merchant),
            "no notify came for another merchant",
        ),
        (
            "another-apps",
            refused(notified("stray", fault="wrong_recipient", event="payment", which="app")),
            "no notify came for another app",
        ),
        ("failed-is-not-paid", failed_is_not_paid, "no notify of a failed payment was all that was heard"),
        ("odd-text", odd_text, "nobody paid for an order with an odd text"),
        ("platform-long-down", platform_long_down, "the platform was not down for long"),
        ("platform-one-not-all", platform_one_not_all, "the platform refused nothing beside other news"),
        ("unknown-order", still_right(marked("unknown-order")), "no notify came about an unknown order"),
    ),
}
