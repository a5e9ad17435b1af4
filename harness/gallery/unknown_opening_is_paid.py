"""
"The buyer will have paid": an opening without an answer is taken for a success.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import Opening, OpeningState, PayRequest, TradeReport, TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable


class Around(AroundChannel):
    """Whatever happened, it went well."""

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        try:
            return await self._inner.pay(payment, ask)
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            report = TradeReport(state=TradeState.PAID, amount_fen=payment.amount_fen)
            return Opening(OpeningState.PAID, {}, report)


MUTANT = Mutant(
    id="unknown-opening-is-paid",
    bug="takes a timeout for a payment",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=(
        "unknown/create-cut-before",
        "unknown/create-bad-gateway",
        "unknown/create-busy",
        "unknown/create-torn-before",
    ),
    tried_in=("opening-cut-before", "opening-bad-gateway", "opening-busy", "opening-torn-before"),
)
