"""
"The notify id is the key": a payment that was found by asking is credited once more by its notify.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """Queries and notifies are booked under keys of their own."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if payment is None or honest.ruling is Ruling.REFUSE or notice.kind is not NoticeKind.PAID:
            return honest
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"payment:{payment.id}:{notice.notify_id}")


MUTANT = Mutant(
    id="credits-by-notify-id",
    bug="credits once for each notify id, and once more for a query",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("idempotency/query-and-notify", "notify/finished-later"),
    tried_in=("found-by-asking", "finished-later"),
)
