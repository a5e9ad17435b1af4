"""
"A refund is a refund": whatever part was asked for, the whole amount goes back.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """Every refund is asked for over the whole amount."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._inner.refund(payment, replace(refund, amount_fen=payment.amount_fen))


MUTANT = Mutant(
    id="refunds-all-of-it",
    bug="sends every part refund over the whole amount",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/in-part", "refund/books-agree"),
    tried_in=("refund-part",),
)
