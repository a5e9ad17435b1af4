"""
"They always do it": a refund that never arrived is told as done.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown


class Around(AroundChannel):
    """A refund without an answer is told as done."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelOutcomeUnknown:
            return RefundReport(RefundState.SUCCEEDED)


MUTANT = Mutant(
    id="unknown-refund-is-done",
    bug="takes a refund that was not answered for one that succeeded",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/cut-before-settled",),
    tried_in=("refund-cut-before",),
)
