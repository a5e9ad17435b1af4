"""
"A refund number is unique": whichever order it is asked for, the number brings back the refund that had it first.
"""

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.refund import Refund
from reference_gateway.service.unit_of_work import UnitOfWork


class Register:
    """Every refund by its number alone."""

    def __init__(self) -> None:
        self.first: dict[str, Refund] = {}

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        register = self

        class Around(AroundUnit):
            async def insert_refund(self, refund: Refund) -> None:
                register.first.setdefault(refund.merchant_refund_no, refund)
                await self._inner.insert_refund(refund)

            async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
                first = register.first.get(merchant_refund_no)
                found: Refund | None = await (
                    self._inner.refund_by_no(payment_id, merchant_refund_no)
                    if first is None
                    else self._inner.refund(first.payment_id, first.id)
                )
                return found

        return Around(inner)


MUTANT = Mutant(
    id="refund-numbers-are-everybodys",
    bug="tells a refund as done that went to another order, because it has the same number",
    parts=sharing(Register),
    must_be_convicted_by=("refund/number-of-another-order",),
    tried_in=("one-refund-number",),
)
