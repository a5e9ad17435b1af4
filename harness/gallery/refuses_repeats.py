"""
"We have that one already": a notify that comes again is answered with an error, so the provider never stops.
"""

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment


class RefusesRepeats(HonestNoticePolicy):
    """What has been booked before is a mistake of the sender's."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        return Judgement(Ruling.REFUSE, "duplicate") if honest.code == "repeated" and notice.notify_id else honest


MUTANT = Mutant(
    id="refuses-repeats",
    bug="answers a notify that it has booked before with an error",
    parts=lambda: {"notice_policy": RefusesRepeats()},
    must_be_convicted_by=("notify/duplicate-acked",),
    tried_in=("duplicates",),
)
