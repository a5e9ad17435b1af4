"""
"No is no": a refund whose repetition is refused is told as failed, though nobody knows how the first call ended.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused


class Around(AroundChannel):
    """What they say last counts."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._in_doubt: set[str] = set()

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelOutcomeUnknown:
            self._in_doubt.add(refund.out_request_no)
            raise
        except ChannelRefused:
            if refund.out_request_no not in self._in_doubt:
                raise
            return RefundReport(RefundState.FAILED)


MUTANT = Mutant(
    id="repeated-refusal-is-a-failure",
    bug="tells a refund as failed because its repetition was refused, and the first call had moved the money",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/refused-after-doubt",),
    tried_in=("refund-refused-after-doubt",),
)
