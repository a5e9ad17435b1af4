"""
A day's bill of a channel against what the ledger booked for that day: which rows differ, and in which way.

Linear in both: the bill is indexed once by our own numbers, the books go by in pages, and what is left of the bill at
the end is what the books of that day do not have. Pure: what to do about a difference, and what a query says of it, is
the service's part.

Facts: alipay/bills, alipay/chaos
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

from reference_gateway.domain.bill import BillKind, BillRow
from reference_gateway.domain.money import Fen, yuan_text_of_fen

BEIJING = timezone(timedelta(hours=8))
"""A bill's day is a Beijing day."""


class DifferenceKind(StrEnum):
    """
    `MISSING_HERE`: in the bill, and no such number here. `STATE`: the number is ours, and here no money moved.
    `MISSING_THERE`: booked here, and not in the bill. `OTHER_DAY`: booked here for another day.
    """

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    FEE = "fee"
    OTHER_DAY = "other_day"
    STATE = "state"


class DifferenceStatus(StrEnum):
    """OPEN waits for a person; EXPLAINED needs nobody; REPAIRED was put right by what the channel answered."""

    OPEN = "open"
    EXPLAINED = "explained"
    REPAIRED = "repaired"


class ReconciliationStatus(StrEnum):
    """WAITING: the channel has no bill for the day yet, or could not be asked."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One posting as the ledger has it, under the number that the channel knows; *at* is when the money moved."""

    kind: BillKind
    number: str
    out_trade_no: str
    amount_fen: Fen
    at: datetime


NO_LONGER_FOUND = "a later comparison no longer finds it"

BookCursor = tuple[datetime, str]
"""Where a page of the books ended: the last row's moment and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What we know of a number that a bill names: its state here, and the row in the ledger if there is one."""

    channel: str
    status: str
    amount_fen: Fen
    booked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, in words; *here_fen* and *there_fen* are None where there is nothing."""

    kind: DifferenceKind
    row_kind: BillKind
    number: str
    out_trade_no: str
    explanation: str
    here_fen: Fen | None = None
    there_fen: Fen | None = None
    status: DifferenceStatus = DifferenceStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One day of one channel and how its comparison stands; *reason* says what is waited for."""

    channel: str
    day: date
    status: ReconciliationStatus
    started_at: datetime
    lease_until: datetime
    finished_at: datetime | None = None
    bill_rows: int = 0
    book_rows: int = 0
    elsewhere_rows: int = 0
    reason: str = ""


class Comparison:
    """One bill on its way past the books."""

    def __init__(self, bill: Iterable[BillRow], *, fee_bp: int | None) -> None:
        self._fee_bp = fee_bp
        self._rows: defaultdict[tuple[BillKind, str], list[BillRow]] = defaultdict(list)
        self.bill_rows = 0
        self.book_rows = 0
        for row in bill:
            self._rows[row.kind, row.number].append(row)
            self.bill_rows += 1

    def take(self, books: Iterable[BookRow]) -> list[Difference]:
        """Match a page of the books; what matches leaves the bill."""
        found: list[Difference] = []
        for book in books:
            self.book_rows += 1
            row = self._partner(book)
            if row is None:
                found.append(_missing_there(book))
            elif row.amount_fen != book.amount_fen:
                found.append(_other_amount(row, book.amount_fen))
            elif row.kind == "payment" and self._fee_is_wrong(row):
                found.append(self._other_fee(row))
        return found

    def rest(self) -> list[BillRow]:
        """Return what no page of the books had."""
        return [row for rows in self._rows.values() for row in rows]

    def _partner(self, book: BookRow) -> BillRow | None:
        """Take the row of this number out of the bill: the one of the same amount, if it stands there several times."""
        rows = self._rows.get((book.kind, book.number))
        if not rows:
            return None
        chosen = next((row for row in rows if row.amount_fen == book.amount_fen), rows[0])
        rows.remove(chosen)
        return chosen

    def _fee_is_wrong(self, row: BillRow) -> bool:
        return self._fee_bp is not None and row.fee_fen != fee_of(row.amount_fen, self._fee_bp)

    def _other_fee(self, row: BillRow) -> Difference:
        expected_fen = fee_of(row.amount_fen, self._fee_bp or 0)
        return Difference(
            kind=DifferenceKind.FEE,
            row_kind=row.kind,
            number=row.number,
            out_trade_no=row.out_trade_no,
            explanation=f"the bill takes a fee of {_yuan(row.fee_fen)}, by contract it is {_yuan(expected_fen)}",
            here_fen=expected_fen,
            there_fen=row.fee_fen,
        )


def fee_of(amount_fen: int, fee_bp: int) -> Fen:
    """Return the fee by contract, half a fen rounded up."""
    return Fen((amount_fen * fee_bp + 5_000) // 10_000)


def found_elsewhere(day: date) -> str:
    """Return what is added to a difference once another day's bill has its row."""
    return f"; the bill of {day} has it"


def day_of(at: datetime) -> date:
    """Return the bill's day that a moment belongs to."""
    return at.astimezone(BEIJING).date()


def span_of(day: date) -> tuple[datetime, datetime]:
    """Return the first moment of a bill's day, and the first after it."""
    start = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    return start, start + timedelta(days=1)


def judge_rest(row: BillRow, known: Known | None, day: date) -> Difference:
    """Say what is the matter with a row that the books of *day* do not have."""
    if known is None:
        noun = "order" if row.kind == "payment" else "refund"
        words = f"the bill has {_yuan(row.amount_fen)} for {row.number}, and no {noun} here has this number"
        return _of_rest(row, DifferenceKind.MISSING_HERE, words)
    if known.booked_at is None:
        words = f"the bill has {_yuan(row.amount_fen)} for {row.number}, which is {known.status} here, unbooked"
        return _of_rest(row, DifferenceKind.STATE, words)
    if known.amount_fen != row.amount_fen:
        return _other_amount(row, known.amount_fen)
    booked_on = day_of(known.booked_at)
    if booked_on == day:
        return _of_rest(row, DifferenceKind.MISSING_HERE, f"the bill has {row.number} once more than the books")
    words = f"the bill of {day} has it, the books have it on {booked_on}; the amounts agree"
    return _of_rest(row, DifferenceKind.OTHER_DAY, words, here_fen=known.amount_fen, status=DifferenceStatus.EXPLAINED)


def _of_rest(
    row: BillRow,
    kind: DifferenceKind,
    explanation: str,
    *,
    here_fen: Fen | None = None,
    status: DifferenceStatus = DifferenceStatus.OPEN,
) -> Difference:
    return Difference(
        kind=kind,
        row_kind=row.kind,
        number=row.number,
        out_trade_no=row.out_trade_no,
        explanation=explanation,
        here_fen=here_fen,
        there_fen=row.amount_fen,
        status=status,
    )


def _missing_there(book: BookRow) -> Difference:
    return Difference(
        kind=DifferenceKind.MISSING_THERE,
        row_kind=book.kind,
        number=book.number,
        out_trade_no=book.out_trade_no,
        explanation=f"the books have {_yuan(book.amount_fen)} for {book.number}, the bill has no such row",
        here_fen=book.amount_fen,
    )


def _other_amount(row: BillRow, here_fen: Fen) -> Difference:
    return Difference(
        kind=DifferenceKind.AMOUNT,
        row_kind=row.kind,
        number=row.number,
        out_trade_no=row.out_trade_no,
        explanation=f"the bill has {_yuan(row.amount_fen)}, the books have {_yuan(here_fen)}",
        here_fen=here_fen,
        there_fen=row.amount_fen,
    )


def _yuan(amount_fen: int) -> str:
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{yuan_text_of_fen(abs(amount_fen))} yuan"
