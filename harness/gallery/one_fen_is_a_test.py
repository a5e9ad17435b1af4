"""
"Nobody pays one fen": what is that small is somebody trying things out.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """A payment of one fen is acknowledged without effect."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        small = notice.kind is NoticeKind.PAID and notice.amount_fen == 1 and honest.ruling is Ruling.BOOK
        return Judgement(Ruling.ACK, "a test") if small else honest


MUTANT = Mutant(
    id="one-fen-is-a-test",
    bug="takes a payment of one fen for a test, and credits nothing",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("money/one-fen",),
)
