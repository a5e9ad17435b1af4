"""
"Paid is paid": an old notify after a refund is booked as if the money had come back.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """A notify after a refund is a new payment."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if (
            payment is None
            or honest.code != "repeated"
            or not payment.refunded_fen
            or notice.kind is not NoticeKind.PAID
        ):
            return honest
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"again:{payment.id}")


MUTANT = Mutant(
    id="undoes-refunds",
    bug="credits a refunded payment again when its old notify is replayed",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("notify/old-one-again", "security/replay-credits-nothing"),
    tried_in=("replayed-after-refund",),
)
