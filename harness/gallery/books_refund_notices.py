"""
"TRADE_SUCCESS is TRADE_SUCCESS": the notice of a part refund keeps that status, and is booked as another payment.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class BooksRefundNotices(HonestNoticePolicy):
    """The inbox knows each notify once, so nothing is credited twice, or so its author thought."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if payment is None or honest.ruling is not Ruling.NUDGE or notice.kind is not NoticeKind.REFUNDED:
            return honest
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"notify:{notice.notify_id}")


MUTANT = Mutant(
    id="books-refund-notices",
    bug="takes the notice of a refund for the notice of a payment, and credits the buyer once more",
    parts=lambda: {"notice_policy": BooksRefundNotices()},
    must_be_convicted_by=(
        "refund/notice-no-payment",
        "idempotency/credited-once",
        "refund/notice-before-payment",
        "order-of-arrival/refund-notice-first",
    ),
    tried_in=("refund-notice-first",),
)
