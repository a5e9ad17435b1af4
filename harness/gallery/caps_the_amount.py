"""
"Nobody tips more than that": large amounts are cut before they are sent.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import Opening, PayRequest
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """No trade is opened for more than 99,999.99 yuan."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        return await self._inner.pay(replace(payment, amount_fen=Fen(min(payment.amount_fen, 9_999_999))), ask)


MUTANT = Mutant(
    id="caps-the-amount",
    bug="opens the trade for less than the order's amount when that is large",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("money/large-amount", "money/order-amount"),
    tried_in=("amounts",),
)
