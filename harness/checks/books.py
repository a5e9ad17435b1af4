"""
The three sides of one order, read back out of a history, and where they disagree.

The audit judges whole runs as they stream by; here the same differences are found in a story that was written down.
"""

from collections.abc import Callable, Iterable, Iterator

from harness.accounts import Account, BookRow, Difference, Told, differences
from harness.checks.base import KEPT, Check, Rule, Ruling, Story, each_order
from harness.history import Operation
from harness.ids import label_of
from harness.model import ENDED_STATUSES
from harness.sut.contract import LedgerEntry, Payment, Posting


def account_of(story: Story) -> Account | None:
    """
    Everything that is known of the order; None where nobody has read the books at the end.
    """
    if "account" not in story.found:
        story.found["account"] = _account_of(story)
    account: Account | None = story.found["account"]
    return account


def _account_of(story: Story) -> Account | None:
    book, ledger = story.seen("book"), story.last("ledger")
    if not book and ledger is None:
        return None
    heard = story.lines.get("webhook")
    return Account(
        order=story.order,
        book=_row(story, book),
        payment=None if ledger is None else _payment(story.order, ledger),
        told=_told(heard or [], ledger=ledger) if heard or _promised(ledger) else None,
        entries=None if ledger is None else _entries(ledger),
    )


def disagreements(story: Story) -> list[Difference]:
    """
    Where book, ledger and webhooks part, the costliest first.
    """
    if "apart" not in story.found:
        account = account_of(story)
        story.found["apart"] = [] if account is None else differences(account)
    apart: list[Difference] = story.found["apart"]
    return apart


def given_back(story: Story) -> bool:
    """
    Whether the gateway ended the order, and what was paid for it too late went back, which nobody has to ask for.
    """
    ledger = story.last("ledger")
    if ledger is None or ledger.value["status"] not in ENDED_STATUSES:
        return False
    return _all_went_back(story)


def ended_and_given_back(story: Story) -> bool:
    """
    Whether the platform asked for the order's end, and all that was paid for it meanwhile has gone back: by the ending
    itself, whatever refunds were asked for beside it.
    """
    return bool(story.asked("close")) and _all_went_back(story)


def _all_went_back(story: Story) -> bool:
    lines = story.seen("book")
    paid_fen = sum(line.value["paid_fen"] for line in lines)
    return bool(paid_fen) and sum(line.value["refunded_fen"] for line in lines) == paid_fen


def agree(requirement: str, *, when: Callable[[Account], bool], witness: str) -> Check:
    """
    A check that the sides of each order agree in what *requirement* is about.

    Args:
        when: whether an order puts it to the test.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        account = account_of(story)
        if account is None:
            return
        broken = [one for one in disagreements(story) if one.requirement == requirement]
        if broken:
            yield told_by(story, broken[0])
        elif when(account):
            yield KEPT

    return each_order(requirement, rule, witness=witness)


def still_right(occasion: Callable[[Story], Iterable[Operation]]) -> Rule:
    """
    A rule: where *occasion* was met, the books agree all the same.

    Args:
        occasion: the lines that show that the order met it; none of them is no occasion.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        met = tuple(occasion(story))
        if not met or account_of(story) is None:
            return
        apart = disagreements(story)
        yield told_by(story, apart[0], *met[:1]) if apart else KEPT

    return rule


def told_by(story: Story, apart: Difference, *met: Operation) -> Ruling:
    """
    The ruling on a difference, with the lines that show it.
    """
    return Ruling(
        kept=False,
        expected=apart.expected,
        actual=apart.actual,
        evidence=(*met, story.last("pay"), story.last("book"), story.last("ledger")),
        money=apart.money,
    )


def _promised(ledger: Operation | None) -> bool:
    return ledger is not None and bool(ledger.value.get("tells"))


def _row(story: Story, lines: list[Operation]) -> BookRow | None:
    """
    The trades of the order as one row: a gateway may open another under a number of its own.
    """
    if not lines:
        return None
    paid = [line for line in lines if line.value["paid_fen"]]
    # An order that was paid under two numbers keeps one of the payments; what went back whole is no part of it.
    kept = [line for line in paid if line.value["refunded_fen"] < line.value["paid_fen"]] or paid[-1:]
    shown = (kept or lines)[-1].value
    return BookRow(
        out_trade_no=shown.get("number", ""),
        trade_no=shown.get("trade_no", ""),
        label=label_of(story.order) or story.order,
        total_fen=shown.get("total_fen", shown["paid_fen"]),
        paid_fen=sum(line.value["paid_fen"] for line in kept),
        refunded_fen=sum(line.value["refunded_fen"] for line in kept),
    )


def _payment(order: str, line: Operation) -> Payment:
    told = line.value
    return Payment(
        id=told.get("payment_id", ""),
        merchant_order_no=order,
        out_trade_no=told.get("number", ""),
        channel="",
        amount_fen=told.get("amount_fen", 0),
        status=told["status"],
        refund_status=told.get("refund_status", "NONE"),
        refunded_fen=told.get("refunded_fen"),
        channel_trade_no=told.get("trade_no"),
        credits=_postings(told["credits"]),
        debits=_postings(told["debits"]),
    )


def _postings(amounts: list[int] | None) -> tuple[Posting, ...] | None:
    return None if amounts is None else tuple(Posting(entry_id="", amount_fen=fen) for fen in amounts)


def _entries(line: Operation) -> tuple[LedgerEntry, ...] | None:
    legs = line.value.get("legs")
    if legs is None:
        return None
    return tuple(
        LedgerEntry(transaction_id=number, kind="", account=account, amount_fen=fen) for number, fen, account in legs
    )


def _told(lines: list[Operation], *, ledger: Operation | None) -> Told:
    told = Told(tells_refunds=ledger is None or ledger.value.get("tells_refunds", True))
    for line in lines:
        value, event = line.value, line.value["event_id"]
        if value["told"]:
            told.accepted.add(event)
        if value["type"] == "payment.paid":
            told.paid_fen_by_event[event] = value["amount_fen"]
        elif value["type"] == "refund.succeeded":
            told.refunded_fen_by_event[event] = value.get("refund_fen")
    return told
