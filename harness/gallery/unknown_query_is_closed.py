"""
"Not found by now, so never": a question without an answer ends the order for good.
"""

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown


class Around(Forgetful):
    """What cannot be asked is over."""

    async def query(self, payment: Payment) -> TradeReport:
        try:
            return await super().query(payment)
        except ChannelOutcomeUnknown:
            self.forgotten.add(payment.out_trade_no)
            return TradeReport(state=TradeState.CLOSED, amount_fen=payment.amount_fen)


MUTANT = Mutant(
    id="unknown-query-is-closed",
    bug="takes a query without an answer for the end of the order",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("unknown/query-no-answer", "unknown/query-garbled", "unknown/query-tampered"),
    tried_in=("query-no-answer", "query-garbled", "query-tampered"),
)
