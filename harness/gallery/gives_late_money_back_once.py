"""
"We have sent it": the refund of money that came too late is tried once, and believed.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import ENDED
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable


class Around(AroundChannel):
    """Nobody asked for it, so nobody asks what became of it."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            if payment.status not in ENDED:
                raise
            return RefundReport(RefundState.SUCCEEDED)


MUTANT = Mutant(
    id="gives-late-money-back-once",
    bug="never asks what became of the refund of money that came too late",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("close/late-refund-settled",),
    tried_in=("late-refund",),
)
