"""
"The refund of an order is called like the order": so the second is the first.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """Every refund of an order goes out under the same number."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._inner.refund(payment, replace(refund, out_request_no=payment.out_trade_no))

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._inner.query_refund(payment, replace(refund, out_request_no=payment.out_trade_no))


MUTANT = Mutant(
    id="one-refund-for-each-order",
    bug="sends every refund of an order under one number, so that only the first happens",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("refund/in-parts",),
    tried_in=("refund-parts",),
)
