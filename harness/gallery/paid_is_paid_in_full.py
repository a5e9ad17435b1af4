"""
"Paid is paid": which amount an answer names is not held against the order's.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """What was asked for is what was paid."""

    async def query(self, payment: Payment) -> TradeReport:
        return replace(await self._inner.query(payment), amount_fen=payment.amount_fen)


MUTANT = Mutant(
    id="paid-is-paid-in-full",
    bug="credits an order when a query calls it paid, over whatever amount",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("unknown/answer-other-amount",),
    tried_in=("answer-other-amount",),
)
