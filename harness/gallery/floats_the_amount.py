"""
"Yuan are easier to read": the amount goes through a binary fraction and is cut to whole fen.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import Opening, PayRequest
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """Amounts take a detour over float."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        yuan = payment.amount_fen / 100
        return await self._inner.pay(replace(payment, amount_fen=Fen(int(yuan * 100))), ask)


MUTANT = Mutant(
    id="floats-the-amount",
    bug="computes amounts with floating point numbers",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("money/uneven-amount", "money/order-amount"),
    tried_in=("amounts",),
)
