"""
"They do not know it, so it does not exist": an order that the provider does not know yet is over.
"""

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment


class Around(Forgetful):
    """The buyer came too late to be known."""

    async def query(self, payment: Payment) -> TradeReport:
        report = await super().query(payment)
        if report.state is TradeState.MISSING:
            self.forgotten.add(payment.out_trade_no)
            return TradeReport(state=TradeState.CLOSED, amount_fen=payment.amount_fen)
        return report


MUTANT = Mutant(
    id="missing-is-closed",
    bug="takes a trade that nobody has scanned yet for one that has ended",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("unknown/create-no-answer",),
    tried_in=("opening-no-answer",),
)
