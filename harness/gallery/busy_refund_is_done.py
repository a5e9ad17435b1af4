"""
"Too busy means accepted": a refund that the provider turned away is told as done.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelUnavailable


class Around(AroundChannel):
    """A refund that was not taken is told as done."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelUnavailable:
            return RefundReport(RefundState.SUCCEEDED)


MUTANT = Mutant(
    id="busy-refund-is-done",
    bug="tells a refund as done that the provider was too busy for",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/busy-settled",),
    tried_in=("refund-busy",),
)
