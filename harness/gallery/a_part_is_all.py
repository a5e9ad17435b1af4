"""
"It has been refunded": a payment of which a part went back is told as refunded in full.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Literal

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment


class Generous(Payment):
    """There is nothing between nothing and all."""

    @property
    def refund_status(self) -> Literal["NONE", "PROCESSING", "PARTIAL", "FULL"]:
        return "FULL" if self.refunded_fen else "NONE"


class Around(AroundUnit):
    """Every order is one of those."""

    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        told = [Generous(**{field.name: getattr(one, field.name) for field in fields(Payment)}) for one in payments]
        inserted: set[str] = await self._inner.insert_payments(told)
        return inserted


MUTANT = Mutant(
    id="a-part-is-all",
    bug="tells a payment of which a part went back as refunded in full",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("refund/status-fits",),
    tried_in=("refund-part",),
)
