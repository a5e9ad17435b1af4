"""
"We book our own amount anyway": a notify over another amount is acknowledged like any other.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """A wrong amount is nobody's business."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        return Judgement(Ruling.ACK, "amount_mismatch") if honest.code == "amount_mismatch" else honest


MUTANT = Mutant(
    id="acks-other-amounts",
    bug="acknowledges a notify that names another amount",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("money/tampered-amount-refused",),
    tried_in=("tampered",),
)
