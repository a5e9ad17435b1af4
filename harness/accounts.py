"""
One payment seen from three sides: the provider's book, the gateway's ledger, the platform's webhooks.

Says in words where they differ, and whether that is a lost payment, one credited twice, or any other mismatch. Pure;
it refuses to know how the sides were read, or how many payments there are.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from harness.control import Trade
from harness.model import PAID_STATUSES
from harness.sut.contract import LedgerEntry, Payment
from harness.sut.sink import WebhookEvent
from harness.verdict import yuan_text


class Damage(StrEnum):
    """What a difference amounts to."""

    LOST = "lost"
    CREDITED_TWICE = "credited_twice"
    MISMATCHED = "mismatched"
    FORGED_ACKED = "forged_acked"  # no difference between the books yet, but a forgery was believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing on which the sides disagree."""

    damage: Damage
    requirement: str
    expected: str
    actual: str
    money: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """What the audit keeps of a trade while it waits for the ledger."""

    out_trade_no: str
    trade_no: str
    label: str
    total_fen: int
    paid_fen: int
    refunded_fen: int

    @classmethod
    def of(cls, trade: Trade) -> "BookRow":
        return cls(
            out_trade_no=trade.out_trade_no,
            trade_no=trade.trade_no,
            label=trade.label,
            total_fen=trade.total_fen,
            paid_fen=trade.paid_fen,
            refunded_fen=trade.refunded_fen,
        )


@dataclass(slots=True)
class Told:
    """
    What the platform was told of one payment; the same event told again is no news.

    Args:
        paid_fen_by_event, refunded_fen_by_event: None where the news names no amount.
        tells_refunds: whether the gateway promises to tell of refunds at all.
    """

    paid_fen_by_event: dict[str, int | None] = field(default_factory=dict)
    refunded_fen_by_event: dict[str, int | None] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    tells_refunds: bool = True

    @property
    def refunded_fen(self) -> int | None:
        """
        What the platform has taken note of: a refund whose event it refused each time was not told. None where that
        cannot be known, because refunds are not told, or not how large they are.
        """
        told = [fen for event, fen in self.refunded_fen_by_event.items() if event in self.accepted]
        known = [fen for fen in told if fen is not None]
        return sum(known) if len(known) == len(told) and (told or self.tells_refunds) else None

    @classmethod
    def once(cls, event_id: str, paid_fen: int) -> "Told":
        """
        What most payments come to: told of once, and believed.
        """
        return cls(paid_fen_by_event={event_id: paid_fen}, accepted={event_id})

    def add(self, event: WebhookEvent) -> None:
        if event.told:
            self.accepted.add(event.event_id)
        if event.type == "payment.paid":
            self.paid_fen_by_event[event.event_id] = event.data.get("amount_fen")
        elif event.type == "refund.succeeded":
            refund = event.data.get("refund") or {}
            self.refunded_fen_by_event[event.event_id] = refund.get("amount_fen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    Everything that is known of one payment.

    Args:
        order: how people call it: the merchant's order number, or the provider's where the gateway knows nothing.
        told: None when the gateway tells no platform, or nothing was heard from it at all.
        entries: the ledger's legs; None when nobody looked.
    """

    order: str
    book: BookRow | None
    payment: Payment | None
    told: Told | None
    entries: Sequence[LedgerEntry] | None = None

    @property
    def paid_fen(self) -> int:
        return 0 if self.book is None else self.book.paid_fen

    @property
    def refunded_fen(self) -> int:
        return 0 if self.book is None else self.book.refunded_fen

    @property
    def credited_fen(self) -> tuple[int, ...] | None:
        """
        The amount of each effect: from the gateway's own books, else from the distinct events that told of it.
        """
        if self.payment is None:
            return ()
        if self.payment.credits is not None:
            return tuple(posting.amount_fen for posting in self.payment.credits)
        if self.told is None:
            return None
        # News without an amount are news of the whole.
        return tuple(self.paid_fen if fen is None else fen for fen in self.told.paid_fen_by_event.values())


def differences(account: Account) -> list[Difference]:
    """
    Every difference between the sides of one payment, the costliest first.
    """
    lost = _lost(account)
    if lost is not None:
        return [lost, *_sums(account)]
    found = [*_credits(account), *_amounts(account), *_refunds(account), *_sums(account)] or [*_net(account)]
    return found if account.told is None else [*found, *_told(account, account.told)]


def _lost(account: Account) -> Difference | None:
    payment = account.payment
    # Money that came too late, or a second time, may go back; whether it did the book says, not the gateway.
    if not account.paid_fen or account.refunded_fen >= account.paid_fen:
        return None
    if payment is not None and payment.status in PAID_STATUSES:
        return None
    state = "the gateway does not know it" if payment is None else f"the gateway says {payment.status}"
    return Difference(
        damage=Damage.LOST,
        requirement="notify/nothing-lost",
        expected=f"paid, or refunded, as the provider's book says ({yuan_text(account.paid_fen)})",
        actual=state,
        money=f"order {account.order} lost: {yuan_text(account.paid_fen)} paid by the buyer, {state}",
    )


def _credits(account: Account) -> Iterator[Difference]:
    credited = account.credited_fen
    payment = account.payment
    if credited is None or payment is None:
        return
    paid = account.paid_fen
    if len(credited) > 1:
        times = "twice" if len(credited) == 2 else f"{len(credited)} times"
        yield Difference(
            damage=Damage.CREDITED_TWICE,
            requirement="idempotency/credited-once",
            expected=f"1 credit of {yuan_text(paid)}",
            actual=f"{len(credited)} credits: {', '.join(yuan_text(fen) for fen in credited)}",
            money=f"order {account.order} credited {times}: {yuan_text(sum(credited) - paid)} too much",
        )
    if not paid:
        yield from _unpaid(account, payment, credited_fen=sum(credited))
    elif not credited and payment.status in PAID_STATUSES:
        yield _mismatch(
            "money/credited-amount",
            expected=f"1 credit of {yuan_text(paid)}",
            actual=f"no credit, though the gateway says {payment.status}",
            money=f"order {account.order} says {payment.status} but {yuan_text(paid)} were never credited",
        )
    else:
        for fen in credited:
            if fen != paid:
                yield _mismatch(
                    "money/credited-amount",
                    expected=yuan_text(paid),
                    actual=yuan_text(fen),
                    money=f"order {account.order} credited {_apart(fen, paid)}",
                )


def _unpaid(account: Account, payment: Payment, *, credited_fen: int) -> Iterator[Difference]:
    if credited_fen:
        yield _mismatch(
            "money/credited-only-when-paid",
            expected="no credit: nobody paid",
            actual=f"{yuan_text(credited_fen)} credited",
            money=f"order {account.order} credited {yuan_text(credited_fen)} that nobody paid",
        )
    elif payment.status in PAID_STATUSES:
        yield _mismatch(
            "state/books-agree",
            expected="unpaid, as the provider's book says",
            actual=payment.status,
            money=f"order {account.order} says {payment.status}, {yuan_text(payment.amount_fen)} that nobody paid",
        )


def opened_otherwise(order: str, *, opened_fen: int, wanted_fen: int) -> Difference:
    """
    A trade that is over something else than its order.
    """
    opened, wanted = yuan_text(opened_fen), yuan_text(wanted_fen)
    return _mismatch(
        "money/order-amount",
        expected=wanted,
        actual=opened,
        money=f"order {order} opened at the provider for {opened} instead of {wanted}",
    )


def _amounts(account: Account) -> Iterator[Difference]:
    book, payment = account.book, account.payment
    if book is None or payment is None:
        return
    if book.total_fen != payment.amount_fen:
        yield opened_otherwise(account.order, opened_fen=book.total_fen, wanted_fen=payment.amount_fen)
    if book.paid_fen and payment.channel_trade_no and book.trade_no and payment.channel_trade_no != book.trade_no:
        yield _mismatch(
            "money/trade-number",
            expected=f"trade {book.trade_no}",
            actual=f"trade {payment.channel_trade_no}",
            money=f"order {account.order} names another trade than the one that paid {yuan_text(book.paid_fen)}",
        )


def _refunds(account: Account) -> Iterator[Difference]:
    payment = account.payment
    if payment is None:
        return
    book_fen = account.refunded_fen
    if book_fen > account.paid_fen:
        yield _mismatch(
            "refund/never-above-paid",
            expected=f"at most {yuan_text(account.paid_fen)}",
            actual=f"{yuan_text(book_fen)} refunded",
            money=f"order {account.order} refunded {yuan_text(book_fen - account.paid_fen)} above what was paid",
        )
    if payment.refunded_fen is not None and payment.refunded_fen != book_fen:
        yield _refund_difference(account, "the gateway says", payment.refunded_fen)
    if payment.debits is not None and (payment.debits or payment.status in PAID_STATUSES):
        debited = sum(posting.amount_fen for posting in payment.debits)
        if debited != book_fen:
            yield _refund_difference(account, "the ledger debited", debited)


def _refund_difference(account: Account, who: str, fen: int) -> Difference:
    return _mismatch(
        "refund/books-agree",
        expected=f"{yuan_text(account.refunded_fen)} refunded, as the provider's book says",
        actual=f"{who} {yuan_text(fen)}",
        money=(
            f"order {account.order} refunds differ by {yuan_text(abs(fen - account.refunded_fen))}: "
            f"the provider's book says {yuan_text(account.refunded_fen)}, {who} {yuan_text(fen)}"
        ),
    )


def _sums(account: Account) -> Iterator[Difference]:
    sums: Counter[str] = Counter()
    for entry in account.entries or ():
        sums[entry.transaction_id] += entry.amount_fen
    for transaction, fen in sums.items():
        if fen:
            yield _mismatch(
                "money/sums-zero",
                expected="0.00 yuan",
                actual=f"transaction {transaction} sums to {yuan_text(fen)}",
                money=f"order {account.order}: {yuan_text(fen)} out of nowhere in ledger transaction {transaction}",
            )


def _net(account: Account) -> Iterator[Difference]:
    """
    Legs that sum to zero may still have gone the wrong way; where the postings agree with the book, so must the legs.

    Which account belongs to whom a ledger decides for itself, and fees may have theirs: one account that holds what is
    left is enough.
    """
    if not account.entries or account.book is None:
        return
    nets: Counter[str] = Counter()
    for entry in account.entries:
        nets[entry.account] += entry.amount_fen
    left_fen = account.paid_fen - account.refunded_fen
    if left_fen not in map(abs, nets.values()):
        held = ", ".join(f"{name} {yuan_text(fen)}" for name, fen in sorted(nets.items()))
        yield _mismatch(
            "money/ledger-net",
            expected=f"{yuan_text(left_fen)} left: {yuan_text(account.paid_fen)} paid, "
            f"{yuan_text(account.refunded_fen)} gone back",
            actual=held,
            money=f"order {account.order}: no account of the ledger is left with {yuan_text(left_fen)}, but {held}",
        )


def opened_again(order: str, payments: Sequence[tuple[str, int]]) -> Difference:
    """
    One order has several payments that a buyer can pay, or has paid.

    Args:
        payments: (id, amount in fen) of each.
    """
    numbers = ", ".join(number for number, _ in payments)
    return _mismatch(
        "idempotency/opened-once",
        expected="1 payment",
        actual=f"{len(payments)} payments: {numbers}",
        money=f"order {order} opened {len(payments)} times: the buyer can pay {yuan_text(payments[0][1])} "
        "more than once",
    )


def _told(account: Account, told: Told) -> Iterator[Difference]:
    payment, paid = account.payment, account.paid_fen
    events = told.paid_fen_by_event
    if not paid and events:
        fen = sum(fen or 0 for fen in events.values())
        yield _mismatch(
            "money/credited-only-when-paid",
            expected="no payment.paid: nobody paid",
            actual=f"payment.paid told {len(events)} times",
            money=f"order {account.order}: the platform was told of {yuan_text(fen)} that nobody paid",
        )
        return
    if paid and payment is not None and payment.status in PAID_STATUSES and not told.accepted & events.keys():
        yield _mismatch(
            "notify/platform-told-once",
            expected="1 payment.paid",
            actual="none was delivered and accepted",
            money=f"order {account.order}: the platform was never told of {yuan_text(paid)}",
        )
    if len(events) > 1:
        yield _mismatch(
            "notify/platform-told-once",
            expected="1 event id",
            actual=f"{len(events)} event ids: {', '.join(sorted(events))}",
            money=f"order {account.order}: the platform was told {len(events)} times of {yuan_text(paid)}",
        )
    yield from _told_amounts(account, told)


def _told_amounts(account: Account, told: Told) -> Iterator[Difference]:
    for fen in told.paid_fen_by_event.values():
        if fen is not None and fen != account.paid_fen:
            yield _mismatch(
                "notify/platform-told-amount",
                expected=yuan_text(account.paid_fen),
                actual=yuan_text(fen),
                money=f"order {account.order}: the platform was told {_apart(fen, account.paid_fen)}",
            )
    refunded = told.refunded_fen
    if refunded is not None and refunded != account.refunded_fen:
        yield _mismatch(
            "refund/books-agree",
            expected=f"{yuan_text(account.refunded_fen)} refunded, as the provider's book says",
            actual=f"the platform was told of {yuan_text(refunded)}",
            money=(
                f"order {account.order}: the platform was told of {yuan_text(refunded)} refunded, "
                f"the provider's book says {yuan_text(account.refunded_fen)}"
            ),
        )


def believed(order: str, times: int) -> Difference:
    """
    The gateway acknowledged notifies that the provider did not sign.
    """
    return Difference(
        damage=Damage.FORGED_ACKED,
        requirement="signature/forged-never-acked",
        expected="refused",
        actual=f"{times} acknowledged",
        money=f"order {order}: a forged notify was acknowledged, so whoever can reach the gateway can credit it",
    )


def _mismatch(requirement: str, *, expected: str, actual: str, money: str) -> Difference:
    return Difference(damage=Damage.MISMATCHED, requirement=requirement, expected=expected, actual=actual, money=money)


def _apart(fen: int, paid: int) -> str:
    words = "too much" if fen > paid else "too little"
    return f"{yuan_text(abs(fen - paid))} {words} ({yuan_text(fen)} instead of {yuan_text(paid)})"
