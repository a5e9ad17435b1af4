"""
"Somebody will give it back": late money is booked, and the refund of it is never written down.
"""

from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.refund import Refund


class Around(AroundUnit):
    """Nothing goes back by itself."""

    async def insert_refund(self, refund: Refund) -> None:
        if not refund.merchant_refund_no.startswith("late-"):
            await self._inner.insert_refund(refund)


MUTANT = Mutant(
    id="keeps-late-money",
    bug="books the payment of a closed order, and keeps the money",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("close/paid-late", "close/late-after-timeout"),
    tried_in=("close-paid-late", "close-late-after-timeout"),
)
