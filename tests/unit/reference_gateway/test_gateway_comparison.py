"""A bill against the books: each kind of difference, none where there is none, in a time that grows with the rows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_gateway.domain.bill import BillKind, BillRow
from reference_gateway.domain.money import Fen
from reference_gateway.domain.reconciliation import (
    BookRow,
    Comparison,
    DifferenceKind,
    DifferenceStatus,
    Known,
    day_of,
    fee_of,
    judge_rest,
    span_of,
)

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def bill(number: str = "G1", amount_fen: int = 1000, **changes) -> BillRow:
    made = BillRow(
        kind="payment",
        out_trade_no=number,
        channel_trade_no="T1",
        amount_fen=Fen(amount_fen),
        fee_fen=Fen(6),
        at=AT,
    )
    return replace(made, **changes)


def book(number: str = "G1", amount_fen: int = 1000, kind: BillKind = "payment") -> BookRow:
    return BookRow(kind=kind, number=number, out_trade_no=number, amount_fen=Fen(amount_fen), at=AT)


def known(**changes) -> Known:
    return replace(Known(channel="alipay", status="PAID", amount_fen=Fen(1000), booked_at=AT), **changes)


def compare(rows, books, fee_bp: int | None = 60):
    comparison = Comparison(rows, fee_bp=fee_bp)
    return comparison.take(books), comparison.rest()


def test_what_agrees_is_no_difference():
    back = bill("G1", 300, kind="refund", refund_no="R1", fee_fen=Fen(0))
    assert compare([bill(), back], [book(), book("R1", 300, "refund")]) == ([], [])


def test_a_payment_and_a_refund_may_bear_the_same_number():
    back = bill("G1", kind="refund", refund_no="G1")
    found, rest = compare([back], [book()])
    assert found[0].kind is DifferenceKind.MISSING_THERE
    assert rest == [back]


@pytest.mark.parametrize(
    ("row", "kind", "here_fen", "there_fen", "words"),
    [
        (
            bill(amount_fen=1001),
            DifferenceKind.AMOUNT,
            1000,
            1001,
            "the bill has 10.01 yuan, the books have 10.00 yuan",
        ),
        (
            bill(fee_fen=Fen(7)),
            DifferenceKind.FEE,
            6,
            7,
            "the bill takes a fee of 0.07 yuan, by contract it is 0.06 yuan",
        ),
        (
            bill("G2"),
            DifferenceKind.MISSING_THERE,
            1000,
            None,
            "the books have 10.00 yuan for G1, the bill has no such row",
        ),
    ],
)
def test_a_row_that_differs_is_told_in_words(row, kind, here_fen, there_fen, words):
    (found,), _ = compare([row], [book()])
    assert (found.kind, found.here_fen, found.there_fen, found.explanation) == (kind, here_fen, there_fen, words)
    assert found.status is DifferenceStatus.OPEN


def test_fees_are_not_judged_where_no_contract_is_known():
    assert compare([bill(fee_fen=Fen(99))], [book()], fee_bp=None) == ([], [])


@pytest.mark.parametrize(("amount_fen", "fee_fen"), [(1, 0), (83, 0), (84, 1), (1000, 6), (9_999, 60)])
def test_half_a_fen_of_fee_is_rounded_up(amount_fen, fee_fen):
    assert fee_of(amount_fen, 60) == fee_fen


@pytest.mark.parametrize(
    ("here", "kind", "status"),
    [
        (None, DifferenceKind.MISSING_HERE, DifferenceStatus.OPEN),
        (known(status="CLOSED", booked_at=None), DifferenceKind.STATE, DifferenceStatus.OPEN),
        (known(amount_fen=Fen(999)), DifferenceKind.AMOUNT, DifferenceStatus.OPEN),
        (known(), DifferenceKind.MISSING_HERE, DifferenceStatus.OPEN),
        (known(booked_at=AT - timedelta(days=1)), DifferenceKind.OTHER_DAY, DifferenceStatus.EXPLAINED),
    ],
)
def test_what_the_books_of_the_day_do_not_have_is_sorted(here, kind, status):
    found = judge_rest(bill(), here, DAY)
    assert (found.kind, found.status) == (kind, status)
    assert found.there_fen == 1000


def test_an_empty_bill_misses_everything_and_empty_books_leave_everything():
    found, rest = compare([], [book("G1"), book("G2")])
    assert [difference.kind for difference in found] == [DifferenceKind.MISSING_THERE] * 2
    assert compare([bill("G1"), bill("G2")], [])[1] == [bill("G1"), bill("G2")]
    assert rest == []


def test_a_number_that_stands_twice_leaves_one_over():
    _, rest = compare([bill(), bill(amount_fen=500)], [book(amount_fen=500)])
    assert rest == [bill()]


def test_a_bills_day_is_beijings():
    assert day_of(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == DAY
    assert day_of(datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)) == DAY - timedelta(days=1)
    start, end = span_of(DAY)
    assert start == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert end - start == timedelta(days=1)


NUMBERS = st.lists(st.integers(0, 60).map(str), unique=True)


@given(NUMBERS, NUMBERS, st.integers(1, 7))
def test_every_number_of_either_side_is_matched_or_told(there, here, page):
    comparison = Comparison([bill(number) for number in there], fee_bp=60)
    rows = [book(number) for number in here]
    found = [d for at in range(0, len(rows), page) for d in comparison.take(rows[at : at + page])]
    assert {d.number for d in found} == set(here) - set(there)
    assert {row.number for row in comparison.rest()} == set(there) - set(here)
    assert (comparison.bill_rows, comparison.book_rows) == (len(there), len(here))
