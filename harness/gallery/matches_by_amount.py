"""
"It must be the one that is still open": a notify without an order is given to another of the same amount.
"""

from collections.abc import Collection

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway import Parts
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.service.unit_of_work import UnitOfWorkFactory


def _parts() -> Parts:
    opened: dict[str, str] = {}

    class Around(AroundUnit):
        """Whoever asks for an order that is not there gets the last one that was opened."""

        async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
            found: dict[str, Payment] = await self._inner.lock_payments(out_trade_nos)
            opened.update({number: number for number, one in found.items() if one.status is PaymentStatus.PENDING})
            for number in set(out_trade_nos) - set(found):
                if opened:
                    other: dict[str, Payment] = await self._inner.lock_payments([next(reversed(opened))])
                    found[number] = next(iter(other.values()))
            return found

    def around(inner: UnitOfWorkFactory) -> AroundStore:
        return AroundStore(inner, Around)

    return {"around_store": around}


MUTANT = Mutant(
    id="matches-by-amount",
    bug="credits the money of an unknown order to the last one that was opened",
    parts=_parts,
    must_be_convicted_by=("notify/unknown-order",),
    tried_in=("unknown-order",),
)
