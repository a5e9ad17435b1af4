"""
"Twice is better than once": the second payment of an order is seen, and nobody gives it back.
"""

from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.refund import Refund


class Around(AroundUnit):
    """No second payment goes back."""

    async def insert_refund(self, refund: Refund) -> None:
        if not refund.merchant_refund_no.startswith("double-"):
            await self._inner.insert_refund(refund)


MUTANT = Mutant(
    id="keeps-double-payments",
    bug="keeps the second payment of an order that was paid under two numbers",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("money/paid-twice",),
    channel="unionpay_rsa",
    tried_in=("paid-under-each",),
)
