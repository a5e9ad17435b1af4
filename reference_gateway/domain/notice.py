"""
What a channel told us about a trade, in our words, and the policy that says what may be booked for it.

The policy is pure and replaceable: it alone chooses whether money is credited, how much, and under which key the
ledger posts it. The honest one credits the order's own amount once for each order. Everything it is asked about has
passed the channel's signature check.

Facts: alipay/notify-duties, alipay/refund-notice
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from reference_gateway.domain.money import NOTHING_FEN, Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import named_record, record
from reference_gateway.domain.transitions import ORDER_STEPS, OrderEvent, Verdict
from reference_gateway.domain.tries import order_and_try


class NoticeKind(StrEnum):
    PAID = "paid"
    WAITING = "waiting"
    CLOSED = "closed"
    REFUNDED = "refunded"
    PAID_OUT = "paid_out"


@named_record
class Notice:
    """
    A verified statement of the channel, from a notify or from the answer to a query.

    `notify_id` is empty for answers; `refund_no` is our out_request_no on refund notices, else empty. One about a
    payout is about no order: its `out_trade_no` is the payout's number.
    """

    channel: str
    notify_id: str
    kind: NoticeKind
    out_trade_no: str
    channel_trade_no: str
    amount_fen: Fen
    paid_at: datetime | None = None
    refund_no: str = ""
    body_digest: str = ""


class Ruling(StrEnum):
    """
    BOOK moves money; GIVE_BACK returns a second payment of the order to its buyer; ACK has no effect; NUDGE asks the
    channel again soon; REFUSE believes nothing.
    """

    BOOK = "book"
    GIVE_BACK = "give_back"
    ACK = "ack"
    NUDGE = "nudge"
    REFUSE = "refuse"


@record
class Judgement:
    """What to do about a notice; *credit_fen* and *posting_key* count only for BOOK."""

    ruling: Ruling
    code: str
    credit_fen: Fen = NOTHING_FEN
    posting_key: str = ""


class NoticePolicy(Protocol):
    """Decides what a verified notice does to the books."""

    def merge_key(self, notice: Notice) -> str:
        """Name the notice: those that arrive together under one name are treated as one."""
        ...

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        """Rule on a notice, given the order as it stands under lock (None: no such order)."""
        ...


PAYOUT_TOLD = Judgement(Ruling.NUDGE, "payout_notice")
"""A payout is no order: whatever is told of it, the channel is asked."""

_WITHOUT_MONEY = {
    NoticeKind.REFUNDED: Judgement(Ruling.NUDGE, "refund_notice"),
    NoticeKind.CLOSED: Judgement(Ruling.NUDGE, "closed_notice"),
    NoticeKind.WAITING: Judgement(Ruling.ACK, "waiting"),
}


class HonestNoticePolicy:
    """Order, amount, state, in that order; one credit for each order, of the order's own amount."""

    def merge_key(self, notice: Notice) -> str:
        return f"{notice.channel}:{notice.notify_id}:{notice.body_digest}"

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        if payment is None or payment.channel != notice.channel:
            return Judgement(Ruling.REFUSE, "unknown_order")
        if notice.amount_fen != payment.amount_fen:
            return Judgement(Ruling.REFUSE, "amount_mismatch")
        if notice.kind is not NoticeKind.PAID:
            return _WITHOUT_MONEY[notice.kind]
        if ORDER_STEPS[payment.status, OrderEvent.PAY].verdict is Verdict.REPEAT or payment.paid_at is not None:
            if order_and_try(notice.out_trade_no)[1] != payment.try_no:
                return Judgement(Ruling.GIVE_BACK, "paid_twice")
            return Judgement(Ruling.ACK, "repeated")
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"payment:{payment.id}")
