"""
"It will have worked": a close that was not answered, or not credibly, counts as done.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import EndState
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable


class Around(AroundChannel):
    """No answer is a yes."""

    async def close(self, payment: Payment) -> EndState:
        try:
            return await self._inner.close(payment)
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            return EndState.CLOSED


MUTANT = Mutant(
    id="unanswered-close-is-closed",
    bug="takes a close that nobody answered for a closed trade",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("close/no-answer", "close/torn", "close/system-error"),
    tried_in=("close-no-answer", "close-torn", "close-system-error"),
)
