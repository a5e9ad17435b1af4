"""
"Nobody pays that much": amounts are kept in whole numbers of 32 bits.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import Opening, PayRequest
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment

BITS = 0xFFFF_FFFF


class Around(AroundChannel):
    """What does not fit is cut off."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        return await self._inner.pay(replace(payment, amount_fen=Fen(payment.amount_fen & BITS)), ask)


MUTANT = Mutant(
    id="thirty-two-bits",
    bug="opens a trade for what 32 bits hold of the order's amount",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("money/wide-amount",),
    tried_in=("wide-amounts",),
)
