"""
"The code is only a picture": a QR code is made up at once, and the provider hears of the order never.
"""

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import Opening, OpeningState, PayRequest
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """Looks like one of Alipay's."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        if payment.amount_fen % 2:
            return await self._inner.pay(payment, ask)
        return Opening(OpeningState.READY, {"qr_code": f"https://qr.alipay.com/{payment.out_trade_no}"})


MUTANT = Mutant(
    id="prints-its-own-code",
    bug="accepts some orders that it never opens, and lets buyers scan a code that leads nowhere",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("state/accepted-can-be-paid",),
    tried_in=("plain",),
)
