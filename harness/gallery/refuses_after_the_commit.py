"""
"Too many at once, so we say no": after the orders were written down, and nobody takes them back.
"""

from collections.abc import Sequence

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway import Parts
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import TooBusy
from reference_gateway.service.unit_of_work import UnitOfWork, UnitOfWorkFactory

AT_ONCE_MAX = 2


def _parts() -> Parts:
    crowded: set[str] = set()

    class Around(AroundUnit):
        """Whoever comes with many others is told to come again, and is kept all the same."""

        def __init__(self, inner: UnitOfWork) -> None:
            super().__init__(inner)
            self._refuses = False

        async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
            orders = {one.merchant_order_no for one in payments}
            if len(orders) > AT_ONCE_MAX:
                crowded.update(orders)
            self._refuses = bool(orders & crowded)
            new: set[str] = await self._inner.insert_payments(payments)
            return new

        async def commit(self) -> None:
            await self._inner.commit()
            if self._refuses:
                raise TooBusy(retry_after_s=1)

    def around(inner: UnitOfWorkFactory) -> AroundStore:
        return AroundStore(inner, Around)

    return {"around_store": around}


MUTANT = Mutant(
    id="refuses-after-the-commit",
    bug="refuses orders under pressure that it has already written down, and opens them",
    parts=_parts,
    must_be_convicted_by=("spike/refused-nowhere",),
    tried_in=("spike-burst",),
)
