"""
"Same number, same order": an order number that stands for another amount is answered as if it were the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment


class Alike(str):
    """A digest that equals every other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    def __hash__(self) -> int:
        return 0


class Around(AroundUnit):
    """A stored order equals whatever is asked for."""

    async def payments_by_order(self, orders: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Payment]:
        found: dict[tuple[str, str], Payment] = await self._inner.payments_by_order(orders)
        return {order: replace(payment, request_digest=Alike()) for order, payment in found.items()}


MUTANT = Mutant(
    id="any-body-will-do",
    bug="accepts an order number again for another amount",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("idempotency/other-body-refused",),
    tried_in=("other-body",),
)
