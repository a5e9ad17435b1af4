"""
"The merchant says close, so we close": whether the order was paid is not looked at.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.service.unit_of_work import UnitOfWork


class Around(AroundUnit):
    """A paid order that a merchant asks to end is treated as open, and ended at once."""

    def __init__(self, inner: UnitOfWork) -> None:
        super().__init__(inner)
        self._paid: set[str] = set()

    async def payment(self, app_id: str, payment_id: str) -> Payment | None:
        payment: Payment | None = await self._inner.payment(app_id, payment_id)
        if payment is not None and payment.status is PaymentStatus.PAID:
            self._paid.add(payment.out_trade_no)
        return payment

    async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
        found: dict[str, Payment] = await self._inner.lock_payments(out_trade_nos)
        return {
            number: replace(one, status=PaymentStatus.PENDING) if number in self._paid else one
            for number, one in found.items()
        }

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        await self._inner.save_payments(
            [
                replace(one, status=PaymentStatus.CLOSED, end_at=None) if one.out_trade_no in self._paid else one
                for one in payments
            ]
        )


MUTANT = Mutant(
    id="closes-paid-orders",
    bug="closes an order that was paid",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("close/paid-stays-paid", "state/never-back"),
    tried_in=("close-paid-before",),
)
