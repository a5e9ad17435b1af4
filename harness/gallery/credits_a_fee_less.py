"""
"We keep our fee": the platform is credited less than the buyer paid.
"""

from dataclasses import replace

from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """Three in a thousand stay behind."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if honest.ruling is not Ruling.BOOK:
            return honest
        return replace(honest, credit_fen=Fen(honest.credit_fen - honest.credit_fen * 3 // 1000))


MUTANT = Mutant(
    id="credits-a-fee-less",
    bug="credits less than was paid",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("money/credited-amount", "money/large-amount"),
    tried_in=("amounts",),
)
