"""
"The order is closed, so this cannot be": a payment of a closed order is acknowledged and forgotten.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus


class Policy(HonestNoticePolicy):
    """What is closed stays closed, whoever pays."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        closed = payment is not None and payment.status is PaymentStatus.CLOSED
        return Judgement(Ruling.ACK, "closed") if closed and honest.ruling is Ruling.BOOK else honest


MUTANT = Mutant(
    id="late-money-is-nobodys",
    bug="acknowledges a payment that comes after its order was closed, and gives nothing back",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("close/paid-late", "close/late-after-timeout"),
    tried_in=("close-paid-late", "close-late-after-timeout"),
)
