"""
"Acknowledge first, work later": the notify is acknowledged, and later never comes.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """Payments are acknowledged and not booked; questions are answered from memory."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        forgotten = honest.ruling is Ruling.BOOK and notice.kind is NoticeKind.PAID
        return Judgement(Ruling.ACK, "later") if forgotten else honest


MUTANT = Mutant(
    id="acks-and-forgets",
    bug="acknowledges a notify before the payment is booked, and loses it",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("notify/acked-is-known",),
    tried_in=("plain",),
)
