"""
"It will arrive some day": a refund that has failed stays on its way for ever, and its money with it.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """CLOSED sounds like a pause."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return _waiting(await self._inner.refund(payment, refund))

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return _waiting(await self._inner.query_refund(payment, refund))


def _waiting(report: RefundReport) -> RefundReport:
    return replace(report, state=RefundState.PROCESSING) if report.state is RefundState.FAILED else report


MUTANT = Mutant(
    id="failed-refund-is-on-its-way",
    bug="never gives up a refund that failed after it was accepted, so that nobody can ask for it anew",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("refund/failed-later",),
    channel="wechatpay_v3",
    tried_in=("refund-failed-then-anew",),
)
