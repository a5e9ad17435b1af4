"""
"The order is ours, so we say when it is over": closed here, and the provider is never told.
"""

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import EndState
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """Every trade is over as soon as somebody says so."""

    async def close(self, payment: Payment) -> EndState:
        del payment
        return EndState.CLOSED


MUTANT = Mutant(
    id="closes-without-asking",
    bug="closes an order without asking the provider, where it stays open and can be paid, or has been",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=(
        "close/provider-first",
        "close/found-paid",
        "close/paid-before-timeout",
        "close/twice-harmless",
        "close/asked-again",
        "close/unanswered-opening",
    ),
    tried_in=(
        "close-paid-before",
        "close-paid-before-timeout",
        "close-twice",
        "close-asked-again",
        "close-unanswered-opening",
    ),
)
