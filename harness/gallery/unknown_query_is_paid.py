"""
"No answer? They would have said if it had failed": a query that is not answered is taken for a payment.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown


class Around(AroundChannel):
    """A query without an answer reports a payment."""

    async def query(self, payment: Payment) -> TradeReport:
        try:
            return await self._inner.query(payment)
        except ChannelOutcomeUnknown:
            return TradeReport(state=TradeState.PAID, channel_trade_no="", amount_fen=payment.amount_fen)


MUTANT = Mutant(
    id="unknown-query-is-paid",
    bug="takes a query that was not answered for a payment",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("unknown/query-no-answer", "money/credited-only-when-paid", "unknown/query-server-error"),
    tried_in=("query-no-answer", "query-server-error"),
)
