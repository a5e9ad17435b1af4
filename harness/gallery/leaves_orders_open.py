"""
"The clean-up runs at night": nothing ever ends here, whatever was asked and however late it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus


class Around(AroundUnit):
    """An order that ends is written down as open."""

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        await self._inner.save_payments(
            [
                replace(one, status=PaymentStatus.PENDING) if one.status is PaymentStatus.CLOSED else one
                for one in payments
            ]
        )


MUTANT = Mutant(
    id="leaves-orders-open",
    bug="never ends an order: the trade is closed at the provider, and open here for ever",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("close/ends-closed", "close/times-out"),
    tried_in=("close-left-open", "close-times-out"),
)
