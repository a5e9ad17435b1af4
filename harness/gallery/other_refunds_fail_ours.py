"""
"That is not what we asked for, so it went wrong": an answer about another refund is taken for a refusal of ours.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown


class Around(AroundChannel):
    """The money has gone back, and nobody here knows."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelOutcomeUnknown as error:
            if "another" not in str(error):
                raise
            return RefundReport(RefundState.FAILED)


MUTANT = Mutant(
    id="other-refunds-fail-ours",
    bug="tells a refund as failed because the answer to it was about another one",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/answer-about-another",),
    tried_in=("refund-about-another",),
)
