"""
"They answered, so it is done": what the provider said to a refund is not looked at.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelRefused


class Around(AroundChannel):
    """A refusal is an answer."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelRefused:
            return RefundReport(RefundState.SUCCEEDED)


MUTANT = Mutant(
    id="refused-refund-is-done",
    bug="tells a refund as done that the provider refused",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/refused-then-anew",),
    tried_in=("refund-refused",),
)
