"""
"Our work is not for nothing": one fen of each full refund stays here.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """A refund in full is a fen short."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        short = refund.amount_fen == payment.amount_fen
        told = replace(refund, amount_fen=Fen(refund.amount_fen - 1)) if short else refund
        return await self._inner.refund(payment, told)


MUTANT = Mutant(
    id="keeps-a-fee",
    bug="asks the provider for a fen less than it books as refunded",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/in-full",),
    tried_in=("refund-whole",),
)
