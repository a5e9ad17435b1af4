"""
"The password was wrong, so that is that": a trade that still waits for its buyer is given up.
"""

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment


class Around(Forgetful):
    """Who has not paid when we ask will not pay."""

    async def query(self, payment: Payment) -> TradeReport:
        report = await super().query(payment)
        if report.state is not TradeState.WAITING:
            return report
        self.forgotten.add(payment.out_trade_no)
        return TradeReport(state=TradeState.CLOSED, amount_fen=payment.amount_fen)


MUTANT = Mutant(
    id="a-failed-attempt-is-the-end",
    bug="gives an order up when its buyer has not paid at the first question",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("state/paid-after-failed-attempt",),
    tried_in=("failed-attempts",),
)
