"""
"One after the other": while one order's question has no answer, no other order is asked about.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, TradeReport
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelUnavailable


class Around(AroundChannel):
    """Whoever was not answered first stands in front of all others."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._first = ""

    async def query(self, payment: Payment) -> TradeReport:
        if self._first not in {"", payment.out_trade_no}:
            raise ChannelUnavailable("another order is being asked about", code="in_line")
        self._first = payment.out_trade_no
        report = await self._inner.query(payment)
        self._first = ""
        return report


MUTANT = Mutant(
    id="asks-in-line",
    bug="finds no payment by asking as long as the question about another order is not answered",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("unknown/one-not-all",),
    tried_in=("one-unanswered",),
)
