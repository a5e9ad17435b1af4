"""
"A number is a number": what one channel tells of is looked up among the orders of all channels.
"""

from dataclasses import replace

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice
from reference_gateway.domain.payment import Payment


class Policy(HonestNoticePolicy):
    """Whoever names an order means it."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        if payment is None:
            return super().judge(notice, payment)
        return super().judge(replace(notice, channel=payment.channel), payment)


MUTANT = Mutant(
    id="any-channel",
    bug="books a notify of one channel for an order over another",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=("notify/another-channels",),
    tried_in=("another-channels",),
)
