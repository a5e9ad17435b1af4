"""
"Asking the database costs": whoever looks at an order is shown what the last one saw, for a few looks.
"""

from collections import Counter

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.service.unit_of_work import UnitOfWork

LOOKS = 3


class Cache:
    """What was seen last, and how often it has been shown."""

    def __init__(self) -> None:
        self.seen: dict[str, Payment] = {}
        self.shown: Counter[str] = Counter()

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        cache = self

        class Around(AroundUnit):
            async def payment(self, app_id: str, payment_id: str) -> Payment | None:
                cache.shown[payment_id] += 1
                if payment_id in cache.seen and cache.shown[payment_id] % LOOKS:
                    return cache.seen[payment_id]
                payment: Payment | None = await self._inner.payment(app_id, payment_id)
                if payment is not None:
                    cache.seen[payment_id] = payment
                return payment

        return Around(inner)


MUTANT = Mutant(
    id="shows-what-it-saw",
    bug="shows an order as open of whose payment it has told the platform",
    parts=sharing(Cache),
    must_be_convicted_by=("state/told-is-shown",),
    tried_in=("told-then-looked-at",),
)
