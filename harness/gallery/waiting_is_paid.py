"""
"The trade is there, so it must be paid": a trade that waits for its buyer is booked.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """Whatever exists at the channel counts as paid."""

    async def query(self, payment: Payment) -> TradeReport:
        report = await self._inner.query(payment)
        if report.state is not TradeState.WAITING:
            return report
        return replace(report, state=TradeState.PAID, amount_fen=payment.amount_fen)


MUTANT = Mutant(
    id="waiting-is-paid",
    bug="books a trade that it finds waiting for its buyer",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("state/unpaid-stays-unpaid", "money/credited-only-when-paid"),
    tried_in=("unpaid",),
)
