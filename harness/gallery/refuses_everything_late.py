"""
"That order is long over": a notify that is not the first of its order is refused, whatever it says.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus


class Policy(HonestNoticePolicy):
    """Only orders that are still open may be notified."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        over = payment is not None and payment.status is not PaymentStatus.PENDING and notice.notify_id
        return Judgement(Ruling.REFUSE, "order_is_over") if over else honest


MUTANT = Mutant(
    id="refuses-everything-late",
    bug="refuses a notify once its order is no longer open",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("notify/duplicate-acked",),
    tried_in=("duplicates",),
)
