"""
"We will get to it": under pressure an order is accepted before it is written down, and some are never written.
"""

from collections.abc import Sequence
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment

AT_ONCE_MAX = 2


class Around(AroundUnit):
    """Of many orders at the same moment the last are forgotten."""

    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        await self._inner.insert_payments(payments[:AT_ONCE_MAX])
        return {one.id for one in payments}


MUTANT = Mutant(
    id="promises-in-memory",
    bug="accepts more orders at once than it writes down",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("spike/accepted-kept", "spike/slow-provider", "concurrency/many-buyers"),
    tried_in=("spike-burst", "spike-slow-provider", "many-buyers"),
)
