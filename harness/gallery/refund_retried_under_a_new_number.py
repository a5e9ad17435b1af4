"""
"The first try failed, so this is another refund": a repeated refund takes a new number.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, RefundReport
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """Every call for a refund bears a number of its own."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._calls = 0

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        self._calls += 1
        number = f"{refund.out_request_no[:28]}x{self._calls % 100}"
        return await self._inner.refund(payment, replace(refund, out_request_no=number))


MUTANT = Mutant(
    id="refund-retried-under-a-new-number",
    bug="repeats a refund whose outcome is unknown under another number",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/unknown-same-number",),
    tried_in=("refund-busy",),
)
