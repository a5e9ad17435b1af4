"""
"The database compares them": order numbers that differ in upper and lower case are one number.
"""

from collections.abc import Sequence
from dataclasses import replace

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.service.unit_of_work import UnitOfWork

Order = tuple[str, str]


class Collation:
    """The first number of each spelling, and what was asked for under the others."""

    def __init__(self) -> None:
        self.first: dict[Order, str] = {}
        self.digests: dict[Order, str] = {}

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        collation = self

        class Around(AroundUnit):
            async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
                new = []
                for one in payments:
                    number = collation.first.setdefault(_folded(one), one.merchant_order_no)
                    if number == one.merchant_order_no:
                        new.append(one)
                    collation.digests[one.app_id, one.merchant_order_no] = one.request_digest
                inserted: set[str] = await self._inner.insert_payments(new)
                return inserted

            async def payments_by_order(self, orders: Sequence[Order]) -> dict[Order, Payment]:
                numbers = {one: collation.first.get((one[0], one[1].lower()), one[1]) for one in orders}
                found = await self._inner.payments_by_order([(one[0], number) for one, number in numbers.items()])
                return {
                    one: replace(found[one[0], number], request_digest=collation.digests[one])
                    if number != one[1]
                    else found[one]
                    for one, number in numbers.items()
                    if (one[0], number) in found
                }

        return Around(inner)


def _folded(payment: Payment) -> Order:
    return payment.app_id, payment.merchant_order_no.lower()


MUTANT = Mutant(
    id="case-does-not-count",
    bug="takes an order for another one whose number differs in upper and lower case",
    parts=sharing(Collation),
    must_be_convicted_by=("idempotency/numbers-differ-by-case",),
    tried_in=("differs-by-case",),
)
