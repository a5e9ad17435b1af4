"""
"They tell us when it is paid, so we credit": nobody asked whether the payment was credited before.
"""

import itertools

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class CreditsEveryNotify(HonestNoticePolicy):
    """Every true notify of a payment is booked, each under a key of its own."""

    def __init__(self) -> None:
        self._delivery = itertools.count(1)

    def merge_key(self, notice: Notice) -> str:
        return f"{super().merge_key(notice)}:{next(self._delivery)}"

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if payment is None or honest.ruling is Ruling.REFUSE or notice.kind is not NoticeKind.PAID:
            return honest
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"payment:{payment.id}:{next(self._delivery)}")


MUTANT = Mutant(
    id="credits-every-notify",
    bug="credits the buyer on every notify, without asking whether it has done so before",
    parts=lambda: {"notice_policy": CreditsEveryNotify()},
    must_be_convicted_by=(
        "idempotency/credited-once",
        "idempotency/ack-not-heard",
        "order-of-arrival/later-rung-first",
        "notify/slow-reader",
    ),
    tried_in=(
        "ack-ignored",
        "overtaken",
        "slow-reader",
    ),
)
