"""
"Timed out, so it did not happen": the amount is set free, and the money has gone back.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown


class Around(AroundChannel):
    """A refund without an answer is told as failed."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelOutcomeUnknown:
            return RefundReport(RefundState.FAILED)


MUTANT = Mutant(
    id="unknown-refund-is-failed",
    bug="takes a refund that was not answered for one that failed",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=(
        "refund/no-answer-settled",
        "refund/books-agree",
        "refund/torn-settled",
        "refund/system-error-settled",
        "refund/server-error-settled",
        "refund/garbled-settled",
        "refund/unsigned-settled",
    ),
    tried_in=(
        "refund-no-answer",
        "refund-torn",
        "refund-system-error",
        "refund-server-error",
        "refund-garbled",
        "refund-unsigned",
    ),
)
