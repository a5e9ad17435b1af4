"""
"They want to pay otherwise now": an order that is asked for over another channel is opened there as well, and the first
trade is forgotten.
"""

from collections.abc import Sequence
from dataclasses import replace

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.service.unit_of_work import UnitOfWork


class Register:
    """The channel over which each order was asked for first."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str], str] = {}

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        register = self

        class Around(AroundUnit):
            async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
                inserted: set[str] = await self._inner.insert_payments([register.named(one) for one in payments])
                return inserted

        return Around(inner)

    def named(self, payment: Payment) -> Payment:
        number = payment.merchant_order_no
        if self.first.setdefault((payment.app_id, number), payment.channel) == payment.channel:
            return payment
        return replace(payment, merchant_order_no=f"{number}@{payment.channel}")


MUTANT = Mutant(
    id="one-order-for-each-channel",
    bug="lets an order be paid once over each channel over which it was asked for",
    parts=sharing(Register),
    must_be_convicted_by=("money/paid-over-two-channels",),
    tried_in=("over-two-channels",),
)
