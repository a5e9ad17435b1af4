"""
"Nobody pays less than a jiao": smaller amounts are credited as one.
"""

from dataclasses import replace

from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment

JIAO_FEN = Fen(10)


class Policy(HonestNoticePolicy):
    """A credit is a jiao at least."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if honest.ruling is not Ruling.BOOK:
            return honest
        return replace(honest, credit_fen=max(honest.credit_fen, JIAO_FEN))


MUTANT = Mutant(
    id="rounds-up-to-a-jiao",
    bug="credits a jiao for whatever is less",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("money/one-fen",),
    tried_in=("amounts",),
)
