"""
"A request is an order": whether the order was asked for before is not looked at.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment


class Around(AroundUnit):
    """An order that is there already gets another payment, under a number that nobody has."""

    async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
        standing = await self._inner.payments_by_order([(one.app_id, one.merchant_order_no) for one in payments])
        again = {one.id for one in payments if (one.app_id, one.merchant_order_no) in standing}
        new: set[str] = await self._inner.insert_payments(
            [
                replace(one, merchant_order_no=f"{one.merchant_order_no}#{one.id}") if one.id in again else one
                for one in payments
            ]
        )
        return new


MUTANT = Mutant(
    id="opens-anew-each-time",
    bug="opens another payment when an order is asked for again",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=(
        "idempotency/opened-once",
        "idempotency/one-trade",
        "idempotency/asked-after-paid",
        "concurrency/clicks-at-once",
        "spike/one-payment",
    ),
    tried_in=("asked-again", "clicks-at-once", "spike-copies"),
)
