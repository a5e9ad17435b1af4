"""
Money on its way back: each refund once, never more than was paid, and told as it ended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.checks.base import Check, Judgement, Rule, Ruling, Story, each_order, family, finding, judgement, stories
from harness.checks.books import agree, disagreements, ended_and_given_back, given_back, still_right, told_by
from harness.checks.idempotency import refund_number_once
from harness.checks.occasions import called, marked, struck, struck_by
from harness.history import Operation, Phase
from harness.verdict import Finding, yuan_text

ID = "refund/never-above-paid"


def never_above_paid(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by an order for which more was asked back than had been paid.
    """
    findings: list[Finding] = []
    witnessed = 0
    for story in stories(operations).values():
        book = story.last("book")
        if book is None or not book.value["paid_fen"]:
            continue
        asked = [line for line in story.lines.get("refund", ()) if line.phase is Phase.INVOKE]
        # The same refund number asked twice is one refund.
        by_number = {line.value["refund_no"]: line.value["amount_fen"] for line in asked}
        witnessed += sum(by_number.values()) > book.value["paid_fen"]
        found = _above(story, book=book, asked=asked)
        if found is not None:
            findings.append(found)
    return judgement(ID, findings, witnessed=witnessed, witness="nobody asked back more than was paid")


def _above(story: Story, *, book: Operation, asked: Sequence[Operation]) -> Finding | None:
    ledger = story.last("ledger")
    paid_fen = book.value["paid_fen"]
    debited_fen = sum((ledger.value["debits"] if ledger is not None else None) or ())
    refunded_fen = max(book.value["refunded_fen"], debited_fen)
    if refunded_fen <= paid_fen:
        return None
    return finding(
        ID,
        story,
        expected=f"at most {yuan_text(paid_fen)} refunded",
        actual=f"{yuan_text(refunded_fen)} refunded",
        evidence=[*asked[-2:], book, ledger],
        money=f"order {story.order} refunded {yuan_text(refunded_fen - paid_fen)} above what was paid",
    )


UNKNOWN = ("timeout_after", "timeout_before", "reset_after", "reset_before", "http_error", "system_error", "truncated",
           "malformed_body", "unsigned", "bad_signature", "wrong_key", "busy")  # fmt: skip
ENDED_WELL = "SUCCEEDED"


def asked_fen(story: Story) -> dict[str, int]:
    """
    The refunds that were asked for, each number once.
    """
    return {line.value["refund_no"]: line.value["amount_fen"] for line in story.asked("refund")}


def paid_fen_of(story: Story) -> int:
    """
    What was paid, under whatever number.
    """
    return sum(line.value["paid_fen"] for line in story.seen("book"))


def _not_taken(story: Story) -> set[str]:
    """
    The refunds that the gateway said no to, or never answered, each time: it has promised nothing of them.
    """
    numbers = {line.index: line.value["refund_no"] for line in story.asked("refund")}
    ended = [line for line in story.lines.get("refund", ()) if line.of is not None]
    taken = {numbers[line.of] for line in ended if line.phase is Phase.OK and line.of in numbers}
    return {numbers[line.of] for line in ended if line.of in numbers} - taken


def _happened(fits: Callable[[dict[str, int], int], bool]) -> Rule:
    """
    A rule: where the refunds asked for fit, all of them happened and the books agree. Where the order's end was asked
    for as well, all of its money may have gone back.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        asked, paid_fen = asked_fen(story), paid_fen_of(story)
        book = story.last("book")
        if not asked or not paid_fen or book is None or not fits(asked, paid_fen):
            return
        if _not_taken(story) or struck_by("refund_fails")(story) or called("refund", "refuse")(story):
            return
        apart = disagreements(story)
        if apart:
            yield told_by(story, apart[0])
        else:
            refunded_fen = book.value["refunded_fen"]
            yield Ruling(
                kept=ended_and_given_back(story) or refunded_fen == sum(asked.values()),
                expected=f"{yuan_text(sum(asked.values()))} refunded",
                actual=f"{yuan_text(refunded_fen)} refunded",
                evidence=(*story.asked("refund"), book),
            )

    return rule


def refund_refused(of: Callable[[Story], list[Operation]]) -> Rule:
    """
    A rule: each of these refunds is refused, or told as failed; an answer that never came says nothing.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        endings = {line.of: line for line in story.lines.get("refund", ()) if line.of is not None}
        for line in of(story):
            ending = endings.get(line.index)
            if ending is None or ending.phase is Phase.UNKNOWN:
                continue
            kept = ending.phase is Phase.FAIL or ending.value.get("refund_state") != ENDED_WELL
            yield Ruling(
                kept=kept,
                expected="refused",
                actual=f"accepted: {yuan_text(line.value['amount_fen'])}",
                evidence=(line, ending),
                money=f"order {story.order}: {yuan_text(line.value['amount_fen'])} refunded that were not there",
            )

    return rule


def _larger_than_paid(story: Story) -> list[Operation]:
    paid_fen = paid_fen_of(story)
    return [line for line in story.asked("refund") if paid_fen and line.value["amount_fen"] > paid_fen]


def of_nothing(story: Story) -> list[Operation]:
    """
    The refunds asked of an order that nobody has paid.
    """
    return [] if paid_fen_of(story) or not story.seen("book") else story.asked("refund")


def unknown_same_number(story: Story) -> Iterator[Ruling]:
    """
    A refund call that ended in the dark: whatever follows bears the same number.
    """
    if not story.calls("refund", faults=UNKNOWN) or given_back(story):
        return
    numbers = {line.value["refund_no"] for line in story.calls("refund") if line.value["refund_no"]}
    # Nobody asks for the refund that a gateway makes by itself, of money that came too late or a second time.
    most = max(len(asked_fen(story)) + ended_and_given_back(story), 1)
    yield Ruling(
        kept=len(numbers) <= most,
        expected=f"{most} refund numbers at the provider, as many as there are refunds",
        actual=f"{len(numbers)}: {', '.join(sorted(numbers))}",
        evidence=tuple(story.calls("refund")),
        money=f"order {story.order}: one refund went out under {len(numbers)} numbers, and money each time",
    )


def same_number_at_once(story: Story) -> Iterator[Ruling]:
    """
    Asked for several times at the same moment: made once, and the books agree.
    """
    met = marked("one-refund-at-once")
    if met(story):
        yield from still_right(met)(story)
        yield from refund_number_once(story)


def other_amount_refused(story: Story) -> Iterator[Ruling]:
    """
    The same refund number with another amount; an answer that never came says nothing.
    """
    for line in story.lines.get("refund_other", ()):
        if line.phase in {Phase.OK, Phase.FAIL}:
            yield Ruling(
                kept=line.phase is Phase.FAIL,
                expected="refused: the number stands for another amount",
                actual="accepted",
                evidence=(line,),
            )


def nothing_refused(story: Story) -> Iterator[Ruling]:
    """
    A refund of no money at all, asked of a payment.
    """
    asked = [line for line in story.asked("refund") if line.value["amount_fen"] <= 0]
    if asked:
        yield from refund_refused(lambda _: asked)(story)
        yield from still_right(lambda _: asked)(story)


def refused_then_anew(story: Story) -> Iterator[Ruling]:
    """
    The whole payment was asked back, refused by the provider, and asked back under another number.
    """
    met = tuple(marked("refund-refused")(story))
    book = story.last("book")
    if not met or book is None or len(asked_fen(story)) < 2 or not called("refund", "refuse")(story):
        return
    apart = disagreements(story)
    if apart:
        yield told_by(story, apart[0], *met)
        return
    yield all_gone_back(story, book)


def all_gone_back(story: Story, book: Operation) -> Ruling:
    """
    Whether all that the buyer paid has gone back, by the provider's *book*, and no more.
    """
    paid_fen, refunded_fen = paid_fen_of(story), book.value["refunded_fen"]
    return Ruling(
        kept=refunded_fen == paid_fen,
        expected=f"{yuan_text(paid_fen)} refunded, once",
        actual=f"{yuan_text(refunded_fen)} refunded",
        evidence=(*story.asked("refund"), book),
        money=f"order {story.order}: its buyer waits for {yuan_text(paid_fen - refunded_fen)} for ever",
    )


def _notices(story: Story) -> list[Operation]:
    return [
        line for line in story.arrived("true", "duplicate") if str(line.value.get("event", "")).startswith("refund")
    ]


CHECKS: Mapping[str, Check] = {
    ID: never_above_paid,
    "refund/books-agree": agree(
        "refund/books-agree",
        when=lambda account: account.payment is not None and bool(account.refunded_fen),
        witness="nothing was refunded",
    ),
    "refund/in-full": each_order(
        "refund/in-full",
        _happened(lambda asked, paid_fen: list(asked.values()) == [paid_fen]),
        witness="no payment was refunded in full",
    ),
    "refund/in-part": each_order(
        "refund/in-part",
        _happened(lambda asked, paid_fen: len(asked) == 1 and sum(asked.values()) < paid_fen),
        witness="no payment was refunded in part",
    ),
    "refund/in-parts": each_order(
        "refund/in-parts",
        _happened(lambda asked, paid_fen: len(asked) > 1 and sum(asked.values()) == paid_fen),
        witness="no payment was refunded in parts that make up the whole",
    ),
    "refund/above-refused": each_order(
        "refund/above-refused", refund_refused(_larger_than_paid), witness="nobody asked back more than was paid"
    ),
    "refund/other-amount-refused": each_order(
        "refund/other-amount-refused",
        other_amount_refused,
        witness="nobody asked for a refund again over another amount",
    ),
    "refund/unpaid-refused": each_order(
        "refund/unpaid-refused", refund_refused(of_nothing), witness="nobody asked for the money of an unpaid order"
    ),
    "refund/nothing-refused": each_order(
        "refund/nothing-refused", nothing_refused, witness="nobody asked for a refund of nothing"
    ),
    "refund/refused-then-anew": each_order(
        "refund/refused-then-anew", refused_then_anew, witness="the provider refused no refund"
    ),
    "refund/at-once-never-above": each_order(
        "refund/at-once-never-above", still_right(marked("refunds-at-once")), witness="no refunds met each other"
    ),
    "refund/same-number-at-once": each_order(
        "refund/same-number-at-once",
        same_number_at_once,
        witness="no refund was asked for several times at the same moment",
    ),
    "refund/unknown-same-number": each_order(
        "refund/unknown-same-number", unknown_same_number, witness="every refund was answered well"
    ),
    "refund/notice-no-payment": each_order(
        "refund/notice-no-payment", still_right(_notices), witness="no notice of a refund came"
    ),
    "refund/notice-before-payment": each_order(
        "refund/notice-before-payment",
        still_right(struck("refund_before_payment")),
        witness="no refund's notice overtook its payment's",
    ),
    **family(
        "refund",
        ("no-answer-settled", still_right(called("refund", "timeout_after")), "every refund was answered"),
        ("cut-before-settled", still_right(called("refund", "timeout_before")), "every refund arrived"),
        ("torn-settled", still_right(called("refund", "reset_after")), "no refund's connection was torn"),
        ("system-error-settled", still_right(called("refund", "system_error")), "no refund met a system error"),
        ("server-error-settled", still_right(called("refund", "http_error")), "no refund met a server error"),
        ("garbled-settled", still_right(called("refund", "malformed_body", "truncated")), "every answer could be read"),
        ("unsigned-settled", still_right(called("refund", "unsigned")), "every refund's answer was signed"),
        ("busy-settled", still_right(called("refund", "busy")), "the provider was never too busy"),
    ),
}
