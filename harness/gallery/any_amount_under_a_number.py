"""
"The number is known, so it is that refund": over which amount it is asked for again is not looked at.
"""

from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import Fen
from reference_gateway.domain.refund import Refund


class Whatever(int):
    """An amount that is like any other."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0


class Around(AroundUnit):
    """A refund that is found by its number fits every amount."""

    async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
        found: Refund | None = await self._inner.refund_by_no(payment_id, merchant_refund_no)
        return None if found is None else replace(found, amount_fen=Fen(Whatever(found.amount_fen)))


MUTANT = Mutant(
    id="any-amount-under-a-number",
    bug="answers a refund number that stands for another amount as if it were the same refund",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("refund/other-amount-refused",),
    tried_in=("refund-part",),
)
