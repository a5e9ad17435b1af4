"""
"It is over, so it went well": a trade that has ended counts as paid.
"""

from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import EndState, TradeReport, TradeState
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """Whatever has ended was paid."""

    async def query(self, payment: Payment) -> TradeReport:
        report = await self._inner.query(payment)
        ended = report.state is TradeState.CLOSED
        return replace(report, state=TradeState.PAID, amount_fen=payment.amount_fen) if ended else report

    async def close(self, payment: Payment) -> EndState:
        state = await self._inner.close(payment)
        return EndState.PAID if state is EndState.CLOSED else state


MUTANT = Mutant(
    id="closed-is-paid",
    bug="takes a trade that has ended for one that was paid",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("close/nothing-credited", "state/unpaid-stays-unpaid", "money/credited-only-when-paid"),
    tried_in=("close-refunded",),
)
