"""
"They will notify us": a query is answered out of thin air, so what no notify tells is never known.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """The channel is never asked about a trade."""

    async def query(self, payment: Payment) -> TradeReport:
        return TradeReport(state=TradeState.WAITING, amount_fen=payment.amount_fen)


MUTANT = Mutant(
    id="never-asks",
    bug="trusts in notifies and never asks the provider",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("notify/none-came", "notify/nothing-lost"),
    tried_in=("all-lost",),
)
