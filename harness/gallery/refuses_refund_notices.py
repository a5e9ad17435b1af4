"""
"That is no payment": the notice of a refund is refused each time, until the platform gives up.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """Only payments are told here."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        if notice.kind is NoticeKind.REFUNDED:
            return Judgement(Ruling.REFUSE, "refund_notice")
        return super().judge(notice, payment)


MUTANT = Mutant(
    id="refuses-refund-notices",
    bug="never acknowledges the notice of a refund",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("refund/notice-acked",),
    tried_in=("refund-part",),
)
