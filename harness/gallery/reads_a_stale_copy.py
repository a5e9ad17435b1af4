"""
"Reading from the replica is enough": every other look shows what the order was when it was made.
"""

from collections import Counter
from collections.abc import Sequence

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.service.unit_of_work import UnitOfWork


class Replica:
    """A copy that is never brought up to date."""

    def __init__(self) -> None:
        self.first: dict[str, Payment] = {}
        self.looks: Counter[str] = Counter()

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        replica = self

        class Around(AroundUnit):
            async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
                replica.first |= {one.id: one for one in payments}
                new: set[str] = await self._inner.insert_payments(payments)
                return new

            async def payment(self, app_id: str, payment_id: str) -> Payment | None:
                payment: Payment | None = await self._inner.payment(app_id, payment_id)
                if payment is None:
                    return None
                replica.looks[payment_id] += 1
                return payment if replica.looks[payment_id] % 2 else replica.first[payment_id]

        return Around(inner)


MUTANT = Mutant(
    id="reads-a-stale-copy",
    bug="answers some questions from a copy of the order that is out of date",
    parts=sharing(Replica),
    must_be_convicted_by=("state/never-back", "close/stays-closed"),
    tried_in=("plain", "close-plain"),
)
