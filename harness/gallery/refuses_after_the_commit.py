"""
"Too many at once, so we say no": after the orders were written down, and nobody takes them back.
"""

from collections.abc import Sequence
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import TooBusy
from reference_gateway.service.unit_of_work import UnitOfWork

AT_ONCE_MAX = 2


class Around(AroundUnit):
    """Whoever comes with many others is told to come again, and is kept all the same."""

    def __init__(self, inner: UnitOfWork) -> None:
        super().__init__(inner)
        self._crowded = False

    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        self._crowded = len(payments) > AT_ONCE_MAX
        new: set[str] = await self._inner.insert_payments(payments)
        return new

    async def commit(self) -> None:
        await self._inner.commit()
        if self._crowded:
            raise TooBusy(retry_after_s=1)


MUTANT = Mutant(
    id="refuses-after-the-commit",
    bug="refuses orders under pressure that it has already written down, and opens them",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("spike/refused-nowhere",),
    tried_in=("spike-burst",),
)
