"""
The right amount is credited, and nothing comes out of nowhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.accounts import differences, opened_otherwise
from harness.checks.base import KEPT, Check, Judgement, Rule, Ruling, Story, each_order, finding, judgement, stories
from harness.checks.books import account_of, agree, still_right, told_by
from harness.checks.occasions import Occasion, marked, notified, paid
from harness.checks.signature import refused
from harness.history import Operation, Phase
from harness.verdict import Finding, yuan_text

AMOUNT = "money/credited-amount"
ORDERED = "money/order-amount"
SUMS = "money/sums-zero"


def sums_zero(operations: Sequence[Operation]) -> Judgement:
    """
    Witnessed by each transaction whose legs were read.
    """
    findings: list[Finding] = []
    witnessed = 0
    for story in stories(operations).values():
        ledger = story.last("ledger")
        sums: Counter[str] = Counter()
        for transaction, fen, *_ in (ledger.value["legs"] if ledger is not None else None) or ():
            sums[transaction] += fen
        witnessed += len(sums)
        findings += [
            finding(
                SUMS,
                story,
                expected="0.00 yuan",
                actual=f"transaction {transaction} sums to {yuan_text(fen)}",
                evidence=[ledger],
                money=f"order {story.order}: {yuan_text(fen)} out of nowhere in ledger transaction {transaction}",
            )
            for transaction, fen in sums.items()
            if fen
        ]
    return judgement(SUMS, findings, witnessed=witnessed, witness="no ledger transaction was read")


LARGE_FEN = 10_000_000
# The first whole number that a float of 32 bits cannot hold; a whole number of 32 bits ends at 2,147,483,647.
WIDE_FEN = 16_777_217
# Yuan amounts whose nearest binary fraction lies below them: what floats get wrong first.
UNEVEN_FEN = frozenset({29, 57, 58, 113, 114, 115, 116, 129, 1_999, 8_195, 100_905})


def order_amount(story: Story) -> Iterator[Ruling]:
    """
    The trade is over what the gateway says, and over what the platform asked for where it was not refused.
    """
    account, books = account_of(story), story.seen("book")
    if account is None or account.book is None or account.payment is None:
        return
    apart = [one for one in differences(account) if one.requirement == ORDERED]
    if apart:
        yield told_by(story, apart[0])
        return
    refused_at = {line.of for line in story.lines.get("create", ()) if line.phase is Phase.FAIL}
    asked = [line for line in story.asked("create") if line.index not in refused_at]
    wanted_fen = {line.value["amount_fen"] for line in asked}
    other = [line for line in books if wanted_fen and line.value["total_fen"] not in wanted_fen]
    if not other:
        yield KEPT
        return
    told = opened_otherwise(
        story.order, opened_fen=other[0].value["total_fen"], wanted_fen=asked[0].value["amount_fen"]
    )
    yield Ruling(
        kept=False, expected=told.expected, actual=told.actual, evidence=(asked[0], other[0]), money=told.money
    )


def _paid_amount(fits: Callable[[int], bool]) -> Occasion:
    def occasion(story: Story) -> Iterable[Operation]:
        fitting = any(fits(line.value["amount_fen"]) for line in story.asked("create"))
        return paid(story) if fitting else ()

    return occasion


def wide_amount(story: Story) -> Iterator[Ruling]:
    """
    An order over more than 32 bits hold: refused, or right to the fen.
    """
    asked = {line.index for line in story.asked("create") if line.value["amount_fen"] >= WIDE_FEN}
    endings = [line for line in story.lines.get("create", ()) if line.of in asked]
    if endings and all(line.phase is Phase.FAIL for line in endings):
        yield KEPT
    elif asked:
        yield from still_right(paid)(story)


def nothing_refused(story: Story) -> Iterator[Ruling]:
    """
    An order over no money at all; an answer that never came says nothing.
    """
    asked = {line.index: line for line in story.asked("create") if line.value["amount_fen"] <= 0}
    for line in story.lines.get("create", ()):
        if line.of in asked and line.phase is not Phase.UNKNOWN:
            yield Ruling(
                kept=line.phase is Phase.FAIL,
                expected="refused",
                actual=f"accepted: {yuan_text(asked[line.of].value['amount_fen'])}",
                evidence=(asked[line.of], line),
            )


def paid_twice(mark: str) -> Rule:
    """
    A rule: in a story of that name the buyer paid whatever the order had; one payment is kept, whichever it is.
    """
    return lambda story: _one_kept(story, tuple(marked(mark)(story)))


def _one_kept(story: Story, met: Sequence[Operation]) -> Iterator[Ruling]:
    book = story.seen("book")
    asked = story.asked("create")
    if not met or not asked or not any(line.value["paid_fen"] for line in book):
        return
    left_fen = sum(line.value["paid_fen"] - line.value["refunded_fen"] for line in book)
    if left_fen > asked[0].value["amount_fen"]:
        yield Ruling(
            kept=False,
            expected=f"{yuan_text(asked[0].value['amount_fen'])} kept, the rest given back",
            actual=f"{yuan_text(left_fen)} kept",
            evidence=(*met, *book),
            money=f"order {story.order} was paid twice, and only {yuan_text(asked[0].value['amount_fen'])} are owed",
        )
        return
    yield from still_right(lambda _: met)(story)


CHECKS: Mapping[str, Check] = {
    AMOUNT: agree(
        AMOUNT,
        when=lambda account: bool(account.paid_fen) and account.credited_fen is not None,
        witness="no order was paid and credited",
    ),
    SUMS: sums_zero,
    "money/credited-only-when-paid": agree(
        "money/credited-only-when-paid", when=lambda account: account.payment is not None, witness="no books were read"
    ),
    ORDERED: each_order(ORDERED, order_amount, witness="no order was opened at the provider"),
    "money/ledger-net": agree(
        "money/ledger-net",
        when=lambda account: bool(account.entries) and account.book is not None,
        witness="no ledger transaction was read",
    ),
    "money/trade-number": agree(
        "money/trade-number",
        when=lambda account: bool(account.paid_fen and account.payment and account.payment.channel_trade_no),
        witness="no paid payment named a trade",
    ),
    "money/paid-twice": each_order(
        "money/paid-twice", paid_twice("paid-under-each"), witness="nobody paid an order under each number"
    ),
    "money/paid-over-two-channels": each_order(
        "money/paid-over-two-channels",
        paid_twice("over-two-channels"),
        witness="nobody paid an order that was asked for over two channels",
    ),
    "money/one-fen": each_order(
        "money/one-fen", still_right(_paid_amount(lambda fen: fen == 1)), witness="nobody paid one fen"
    ),
    "money/large-amount": each_order(
        "money/large-amount", still_right(_paid_amount(lambda fen: fen >= LARGE_FEN)), witness="nobody paid a lot"
    ),
    "money/uneven-amount": each_order(
        "money/uneven-amount",
        still_right(_paid_amount(lambda fen: fen in UNEVEN_FEN)),
        witness="nobody paid an amount that binary fractions cannot hold",
    ),
    "money/wide-amount": each_order(
        "money/wide-amount", wide_amount, witness="nobody asked for an order that 32 bits cannot hold"
    ),
    "money/nothing-refused": each_order(
        "money/nothing-refused", nothing_refused, witness="nobody asked for an order over nothing"
    ),
    "money/tampered-amount-refused": each_order(
        "money/tampered-amount-refused",
        refused(notified("tampered", event="payment")),
        witness="no notify named another amount",
    ),
    "money/other-currency-refused": each_order(
        "money/other-currency-refused",
        refused(notified("tampered", fault="tampered_amount", currency="USD")),
        witness="no notify named another currency",
    ),
    "money/tampered-amount-not-credited": each_order(
        "money/tampered-amount-not-credited",
        still_right(notified("tampered", event="payment")),
        witness="no notify named another amount",
    ),
}
