"""
"00 is success": a refund that UnionPay has accepted is told as done, and nobody asks how it ended.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """Accepted, hence done."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        report = await self._inner.refund(payment, refund)
        return replace(report, state=RefundState.SUCCEEDED) if report.state is RefundState.PROCESSING else report


MUTANT = Mutant(
    id="unionpay-accepted-refund-is-done",
    bug="tells UnionPay's refunds as done that were accepted and failed afterwards",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("refund/failed-later",),
    channel="unionpay_rsa",
    tried_in=("refund-failed",),
)
