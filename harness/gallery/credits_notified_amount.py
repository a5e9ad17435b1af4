"""
"The provider knows best what was paid": the amount of the notify is booked, the order's is not looked at.
"""

from dataclasses import replace

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment


class CreditsNotifiedAmount(HonestNoticePolicy):
    """Books what the notify says, whatever the order was for."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        if payment is None:
            return super().judge(notice, payment)
        honest = super().judge(replace(notice, amount_fen=payment.amount_fen), payment)
        if honest.ruling is not Ruling.BOOK:
            return honest
        return replace(honest, credit_fen=notice.amount_fen)


MUTANT = Mutant(
    id="credits-notified-amount",
    bug="credits the amount that the notify names, and never compares it with the order's",
    parts=lambda: {"notice_policy": CreditsNotifiedAmount()},
    must_be_convicted_by=("money/tampered-amount-not-credited", "money/credited-amount"),
    tried_in=("tampered",),
)
