"""The pure rules: money, the three tables over every pair, the policy's rulings."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_gateway.domain.money import AMOUNT_FEN_MAX, Fen, fen_of_yuan_text, yuan_text_of_fen
from reference_gateway.domain.notice import HonestNoticePolicy, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import changed
from reference_gateway.domain.transitions import (
    ATTEMPT_STEPS,
    ORDER_STEPS,
    PAYOUT_STEPS,
    REFUND_STEPS,
    AttemptEvent,
    AttemptStatus,
    OrderEvent,
    PaymentStatus,
    PayoutEvent,
    PayoutStatus,
    RefundEvent,
    RefundStatus,
)
from tests.contract.samples import NOW, payment

ORDER = """
PENDING   pay     move   PAID
PENDING   ship    refuse PENDING
PENDING   confirm refuse PENDING
PENDING   cancel  move   CANCELLED
PENDING   close   move   CLOSED
PENDING   refund  refuse PENDING
PAID      pay     repeat PAID
PAID      ship    move   SHIPPED
PAID      confirm refuse PAID
PAID      cancel  refuse PAID
PAID      close   refuse PAID
PAID      refund  move   PAID
SHIPPED   pay     repeat SHIPPED
SHIPPED   ship    repeat SHIPPED
SHIPPED   confirm move   COMPLETED
SHIPPED   cancel  refuse SHIPPED
SHIPPED   close   refuse SHIPPED
SHIPPED   refund  move   SHIPPED
COMPLETED pay     repeat COMPLETED
COMPLETED ship    repeat COMPLETED
COMPLETED confirm repeat COMPLETED
COMPLETED cancel  refuse COMPLETED
COMPLETED close   refuse COMPLETED
COMPLETED refund  move   COMPLETED
CANCELLED pay     late   CANCELLED
CANCELLED ship    refuse CANCELLED
CANCELLED confirm refuse CANCELLED
CANCELLED cancel  repeat CANCELLED
CANCELLED close   refuse CANCELLED
CANCELLED refund  refuse CANCELLED
CLOSED    pay     late   CLOSED
CLOSED    ship    refuse CLOSED
CLOSED    confirm refuse CLOSED
CLOSED    cancel  refuse CLOSED
CLOSED    close   repeat CLOSED
CLOSED    refund  refuse CLOSED
"""
ATTEMPT = """
REQUESTED open   move   OPENED
REQUESTED lose   move   UNKNOWN
REQUESTED refuse move   REFUSED
UNKNOWN   open   move   OPENED
UNKNOWN   lose   repeat UNKNOWN
UNKNOWN   refuse move   REFUSED
REQUESTED give_up move  LOST
UNKNOWN   give_up move  LOST
OPENED    give_up refuse OPENED
REFUSED   give_up refuse REFUSED
LOST      open   refuse LOST
LOST      lose   repeat LOST
LOST      refuse refuse LOST
LOST      give_up repeat LOST
OPENED    open   repeat OPENED
OPENED    lose   repeat OPENED
OPENED    refuse refuse OPENED
REFUSED   open   refuse REFUSED
REFUSED   lose   repeat REFUSED
REFUSED   refuse repeat REFUSED
"""
REFUND = """
REQUESTED  send    move   PROCESSING
REQUESTED  succeed refuse REQUESTED
REQUESTED  fail    refuse REQUESTED
PROCESSING send    repeat PROCESSING
PROCESSING succeed move   SUCCEEDED
PROCESSING fail    move   FAILED
SUCCEEDED  send    refuse SUCCEEDED
SUCCEEDED  succeed repeat SUCCEEDED
SUCCEEDED  fail    refuse SUCCEEDED
FAILED     send    refuse FAILED
FAILED     succeed refuse FAILED
FAILED     fail    repeat FAILED
"""


@pytest.mark.parametrize(
    ("table", "steps", "states", "events"),
    [
        (ORDER, ORDER_STEPS, PaymentStatus, OrderEvent),
        (ATTEMPT, ATTEMPT_STEPS, AttemptStatus, AttemptEvent),
        (REFUND, REFUND_STEPS, RefundStatus, RefundEvent),
        # A payout's table is a refund's, in words of its own.
        (REFUND, PAYOUT_STEPS, PayoutStatus, PayoutEvent),
    ],
)
def test_every_pair_of_state_and_event_is_decided(table, steps, states, events):
    expected = [tuple(line.split()) for line in table.strip().splitlines()]
    decided = [(state, event, steps[state, event].verdict, steps[state, event].to) for state, event in steps]
    assert sorted(decided) == sorted(expected)
    assert set(steps) == set(product(states, events))


@pytest.mark.parametrize(
    ("text", "fen"), [("0.01", 1), ("88", 8800), ("88.8", 8880), ("88.80", 8880), ("0", 0), ("100000000.00", 10**10)]
)
def test_yuan_texts_are_read_to_the_fen(text, fen):
    assert fen_of_yuan_text(text) == fen


@pytest.mark.parametrize(
    "text",
    ["", "1.", ".5", "01.00", "-1.00", "+1", "1.001", "1e2", " 1", "1 ", "1,00", "\u0661", "NaN", "1.0\n", "9" * 13],
)
def test_what_is_not_plainly_an_amount_is_refused(text):
    with pytest.raises(ValueError, match="not an amount"):
        fen_of_yuan_text(text)


@given(st.integers(min_value=0, max_value=AMOUNT_FEN_MAX))
def test_writing_and_reading_an_amount_changes_nothing(fen):
    assert fen_of_yuan_text(yuan_text_of_fen(fen)) == fen


def notice(kind: NoticeKind = NoticeKind.PAID, amount_fen: int = 100, channel: str = "alipay") -> Notice:
    return Notice(
        channel=channel,
        notify_id="n1",
        kind=kind,
        out_trade_no="G1",
        channel_trade_no="T1",
        amount_fen=Fen(amount_fen),
    )


RULINGS: list[tuple[Payment | None, Notice, Ruling, str]] = [
    (None, notice(), Ruling.REFUSE, "unknown_order"),
    (payment(channel="other"), notice(), Ruling.REFUSE, "unknown_order"),
    (payment(), notice(amount_fen=99), Ruling.REFUSE, "amount_mismatch"),
    (payment(status=PaymentStatus.PAID, paid_at=NOW), notice(amount_fen=101), Ruling.REFUSE, "amount_mismatch"),
    (payment(), notice(NoticeKind.REFUNDED, 99), Ruling.REFUSE, "amount_mismatch"),
    (payment(), notice(NoticeKind.REFUNDED), Ruling.NUDGE, "refund_notice"),
    (payment(), notice(NoticeKind.CLOSED), Ruling.NUDGE, "closed_notice"),
    (payment(), notice(NoticeKind.WAITING), Ruling.ACK, "waiting"),
    (payment(), notice(), Ruling.BOOK, "booked"),
    (payment(status=PaymentStatus.PAID, paid_at=NOW), notice(), Ruling.ACK, "repeated"),
    (payment(status=PaymentStatus.COMPLETED, paid_at=NOW), notice(), Ruling.ACK, "repeated"),
    (payment(status=PaymentStatus.CLOSED), notice(), Ruling.BOOK, "booked"),
    (payment(status=PaymentStatus.CLOSED, paid_at=NOW), notice(), Ruling.ACK, "repeated"),
]


@pytest.mark.parametrize(("order", "said", "ruling", "code"), RULINGS)
def test_the_honest_policy_rules(order, said, ruling, code):
    judgement = HonestNoticePolicy().judge(said, order)
    assert (judgement.ruling, judgement.code) == (ruling, code)
    if ruling is Ruling.BOOK:
        assert (judgement.credit_fen, judgement.posting_key) == (100, "payment:pay1")


def test_notices_that_differ_in_id_or_content_are_not_merged():
    policy = HonestNoticePolicy()
    other = Notice(
        channel="alipay",
        notify_id="n1",
        kind=NoticeKind.PAID,
        out_trade_no="G1",
        channel_trade_no="T1",
        amount_fen=Fen(100),
        body_digest="other",
    )
    assert policy.merge_key(notice()) == policy.merge_key(notice())
    assert policy.merge_key(notice()) != policy.merge_key(other)


def test_a_record_is_changed_as_the_library_changes_it_and_the_old_one_stays():
    before, kept = payment(1), payment(1)
    changes: dict[str, Any] = {"status": PaymentStatus.PAID, "poll_at": None, "poll_rung": 7}
    assert changed(before, **changes) == replace(before, **changes)
    assert before == kept


def test_what_a_record_has_not_cannot_be_changed():
    unknown: dict[str, Any] = {"colour": "red"}
    with pytest.raises(TypeError, match="colour"):
        changed(payment(1), **unknown)
