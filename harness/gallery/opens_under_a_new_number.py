"""
"A retry is a new request": each attempt to open an order takes another number.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, Opening, PayRequest
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """The second call for an order goes out under a number of its own."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._calls = 0

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        self._calls += 1
        return await self._inner.pay(
            replace(payment, out_trade_no=f"{payment.out_trade_no[:28]}x{self._calls % 100}"), ask
        )


MUTANT = Mutant(
    id="opens-under-a-new-number",
    bug="opens an order under another number each time it tries",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("unknown/never-a-second-trade",),
    tried_in=("opening-garbled",),
)
