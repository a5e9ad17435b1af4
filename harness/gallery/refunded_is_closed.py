"""
"The trade is closed, so the order is": a payment that went back in full is told as one that never was.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus


class Around(AroundUnit):
    """Refunded in full is closed."""

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        await self._inner.save_payments(
            [
                replace(one, status=PaymentStatus.CLOSED) if one.refunded_fen == one.amount_fen else one
                for one in payments
            ]
        )


MUTANT = Mutant(
    id="refunded-is-closed",
    bug="calls an order closed once all of it was refunded, as if nobody had paid",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("state/refund-keeps-paid",),
    tried_in=("refund-whole",),
)
