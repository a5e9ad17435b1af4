"""
The book's states: every pair of state and step, and the indexes.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from mock_providers.core.books.book import (
    TRANSITIONS,
    Book,
    Opening,
    Refund,
    RefundState,
    Step,
    Trade,
    TradeState,
    cashier_token,
)
from mock_providers.core.money import Fen
from mock_providers.errors import BookRefused

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
S, P = TradeState, Step


def opened(book: Book, order: str = "o1", *, total_fen: int = 100) -> Trade:
    opening = Opening(
        provider="alipay",
        out_trade_no=order,
        merchant_id="m",
        app_id="a",
        label="pp000001",
        subject="tip",
        total_fen=Fen(total_fen),
        created_at=T0,
        expires_at=T0 + timedelta(hours=3),
        refundable_s=86_400.0,
    )
    return book.open(opening, qr_code=f"qr-{order}", qr_expires_at=T0 + timedelta(hours=2))


EXPECTED = {
    (S.CREATED, P.SCAN): S.WAITING, (S.CREATED, P.PAY): None, (S.CREATED, P.REFUND_PART): None,
    (S.CREATED, P.CLOSE): S.CLOSED, (S.CREATED, P.PAY_LATE): None, (S.WAITING, P.CLOSE): S.CLOSED,
    (S.WAITING, P.PAY_LATE): None, (S.PAID, P.CLOSE): None, (S.PAID, P.PAY_LATE): None, (S.CLOSED, P.CLOSE): None,
    (S.CLOSED, P.PAY_LATE): S.PAID, (S.FINISHED, P.CLOSE): None, (S.FINISHED, P.PAY_LATE): None,
    (S.CREATED, P.REFUND_REST): None, (S.CREATED, P.EXPIRE): S.CLOSED, (S.CREATED, P.FINISH): None,
    (S.WAITING, P.SCAN): S.WAITING, (S.WAITING, P.PAY): S.PAID, (S.WAITING, P.REFUND_PART): None,
    (S.WAITING, P.REFUND_REST): None, (S.WAITING, P.EXPIRE): S.CLOSED, (S.WAITING, P.FINISH): None,
    (S.PAID, P.SCAN): None, (S.PAID, P.PAY): None, (S.PAID, P.REFUND_PART): S.PAID,
    (S.PAID, P.REFUND_REST): S.CLOSED, (S.PAID, P.EXPIRE): None, (S.PAID, P.FINISH): S.FINISHED,
    (S.CLOSED, P.SCAN): None, (S.CLOSED, P.PAY): None, (S.CLOSED, P.REFUND_PART): None,
    (S.CLOSED, P.REFUND_REST): None, (S.CLOSED, P.EXPIRE): None, (S.CLOSED, P.FINISH): None,
    (S.FINISHED, P.SCAN): None, (S.FINISHED, P.PAY): None, (S.FINISHED, P.REFUND_PART): None,
    (S.FINISHED, P.REFUND_REST): None, (S.FINISHED, P.EXPIRE): None, (S.FINISHED, P.FINISH): None,
    (S.CREATED, P.ROLL_BACK): None, (S.WAITING, P.ROLL_BACK): None, (S.PAID, P.ROLL_BACK): S.CLOSED,
    (S.CLOSED, P.ROLL_BACK): None, (S.FINISHED, P.ROLL_BACK): None,
}  # fmt: skip


def test_the_table_holds_every_pair():
    assert set(EXPECTED) == set(product(TradeState, Step))


@pytest.mark.parametrize(("state", "step"), list(product(TradeState, Step)))
def test_each_step_leads_where_the_table_says(state, step):
    assert TRANSITIONS.get((state, step)) == EXPECTED[state, step]


def test_a_refused_step_changes_nothing_and_says_why():
    book = Book()
    trade = opened(book)
    with pytest.raises(BookRefused) as refused:
        book.pay(trade, now=T0)
    assert refused.value.code == "not_scanned"
    assert trade.state.value == TradeState.CREATED
    assert trade.paid_fen == 0


def test_a_trade_is_found_by_every_number_once_it_is_scanned():
    book = Book()
    trade = opened(book)
    assert book.by_trade_no("alipay", "t1", now=T0) is None
    book.scan(trade, trade_no="t1", now=T0)
    assert book.by_trade_no("alipay", "t1", now=T0) is book.by_order("alipay", "o1", now=T0) is trade
    assert book.by_qr("qr-o1", now=T0) is trade


def test_time_alone_closes_what_nobody_paid():
    book = Book()
    trade = opened(book)
    book.scan(trade, trade_no="t1", now=T0)
    assert book.by_order("alipay", "o1", now=T0 + timedelta(hours=3, seconds=-1)) is trade
    assert trade.state.value == TradeState.WAITING
    book.by_order("alipay", "o1", now=T0 + timedelta(hours=3))
    assert trade.state.value == TradeState.CLOSED
    assert trade.closed_at == T0 + timedelta(hours=3)


def test_time_alone_finishes_what_was_paid():
    book = Book()
    trade = opened(book)
    book.scan(trade, trade_no="t1", now=T0)
    book.pay(trade, now=T0)
    book.by_order("alipay", "o1", now=T0 + timedelta(days=2))
    assert trade.state.value == TradeState.FINISHED


def test_an_expired_code_cannot_be_scanned_and_a_fresh_one_can():
    book = Book()
    trade = opened(book)
    late = T0 + timedelta(hours=2)
    with pytest.raises(BookRefused, match="expired"):
        book.scan(trade, trade_no="t1", now=late)
    book.renew_qr(trade, qr_code="qr-again", qr_expires_at=late + timedelta(minutes=5))
    assert book.by_qr("qr-o1", now=late) is None
    book.scan(trade, trade_no="t1", now=late)
    assert trade.state.value == TradeState.WAITING


def test_refunds_add_up_and_never_exceed_the_payment():
    book = Book()
    trade = opened(book)
    book.scan(trade, trade_no="t1", now=T0)
    book.pay(trade, now=T0)
    book.refund(trade, Refund("r1", Fen(30), T0))
    with pytest.raises(BookRefused):
        book.refund(trade, Refund("r2", Fen(71), T0))
    assert (trade.state, trade.refunded_fen) == (TradeState.PAID, 30)
    book.refund(trade, Refund("r3", Fen(70), T0))
    assert (trade.state, trade.refunded_fen, list(trade.refunds)) == (TradeState.CLOSED, 100, ["r1", "r3"])


def paid(book: Book) -> Trade:
    trade = opened(book)
    book.scan(trade, trade_no="t1", now=T0)
    book.pay(trade, now=T0)
    return trade


def test_a_refund_on_its_way_reserves_its_amount_until_it_settles():
    book = Book()
    trade = paid(book)
    book.refund(trade, Refund("r1", Fen(60), T0, state=RefundState.PROCESSING, refund_no="50"))
    assert (trade.refunded_fen, trade.refunding_fen, trade.refundable_fen) == (0, 60, 40)
    with pytest.raises(BookRefused, match="exceed"):
        book.refund(trade, Refund("r2", Fen(41), T0))
    book.refund(trade, Refund("r3", Fen(40), T0))
    assert trade.state.value == TradeState.PAID
    later = T0 + timedelta(minutes=1)
    book.settle_refund(trade, "r1", ok=True, now=later)
    assert (trade.state.value, trade.refunded_fen, trade.closed_at, trade.closed_by) == (
        "CLOSED",
        100,
        later,
        "refunded",
    )
    assert book.by_refund_no("alipay", "50") == (trade, trade.refunds["r1"])
    with pytest.raises(BookRefused, match="on its way"):
        book.settle_refund(trade, "r1", ok=True, now=later)


def test_a_refund_that_fails_gives_its_amount_free():
    book = Book()
    trade = paid(book)
    book.refund(trade, Refund("r1", Fen(100), T0, state=RefundState.PROCESSING))
    assert book.settle_refund(trade, "r1", ok=False, now=T0).state is RefundState.FAILED
    assert (trade.state.value, trade.refundable_fen) == ("PAID", 100)


def test_money_that_was_on_its_way_opens_a_closed_trade_once():
    book = Book()
    trade = opened(book)
    book.scan(trade, trade_no="t1", now=T0)
    book.close(trade, now=T0, by="merchant")
    assert (trade.state.value, trade.closed_by) == ("CLOSED", "merchant")
    book.pay_late(trade, now=T0)
    assert (trade.state.value, trade.paid_fen, trade.closed_by, trade.late_after) == ("PAID", 100, "", T0)
    book.refund(trade, Refund("r1", Fen(100), T0))
    with pytest.raises(BookRefused, match="paid before"):
        book.pay_late(trade, now=T0)


def test_a_cashier_token_finds_its_trade_and_no_other():
    book = Book()
    one, other = opened(book), opened(book, "o2")
    assert book.by_token(cashier_token(one), now=T0) is one
    assert book.by_token(cashier_token(other), now=T0) is other
    swapped = cashier_token(one).partition("-")[0] + "-2"
    assert [book.by_token(text, now=T0) for text in (swapped, "", "x-0", "x-99", "x-1", "x-\u00b2")] == [None] * 6


def test_two_merchants_may_use_one_number():
    book = Book()
    mine = opened(book)
    theirs = book.open(replace(mine.opening, merchant_id="n"))
    assert book.by_order("alipay", "o1", now=T0, merchant_id="n") is theirs
    assert book.by_order("alipay", "o1", now=T0) is book.by_order("alipay", "o1", now=T0, merchant_id="m") is mine


def test_a_trade_that_the_vendor_knows_at_once_is_waiting():
    book = Book()
    trade = book.open(replace(opened(Book()).opening, out_trade_no="o9"), trade_no="t9")
    assert (trade.state, book.by_trade_no("alipay", "t9", now=T0)) == (TradeState.WAITING, trade)


def test_pages_follow_the_order_of_creation_without_gaps():
    book = Book()
    for number in range(7):
        opened(book, f"o{number}")
    seen: list[str] = []
    cursor: int | None = 0
    while cursor is not None:
        items, cursor = book.page(after=cursor, limit=3, provider="alipay", now=T0)
        seen += [trade.opening.out_trade_no for trade in items]
    assert seen == [f"o{number}" for number in range(7)]
    assert book.page(after=0, limit=3, provider="other", now=T0) == ([], None)
