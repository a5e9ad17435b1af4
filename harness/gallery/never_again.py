"""
"Who was refused is refused": an order number that once met a full house stays out.
"""

from collections.abc import Sequence

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway import Parts
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import TooBusy
from reference_gateway.service.unit_of_work import UnitOfWorkFactory

AT_ONCE_MAX = 2


def _parts() -> Parts:
    refused: set[str] = set()

    class Around(AroundUnit):
        """Those who came with many others are refused, and for ever."""

        async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
            orders = {one.merchant_order_no for one in payments}
            if len(orders) > AT_ONCE_MAX or orders & refused:
                refused.update(orders)
                raise TooBusy(retry_after_s=1)
            new: set[str] = await self._inner.insert_payments(payments)
            return new

    def around(inner: UnitOfWorkFactory) -> AroundStore:
        return AroundStore(inner, Around)

    return {"around_store": around}


MUTANT = Mutant(
    id="never-again",
    bug="remembers that it refused an order for want of room, and refuses it ever after",
    parts=_parts,
    must_be_convicted_by=("spike/refused-again",),
    tried_in=("spike-burst",),
)
