"""
"Nobody had it when I looked": of two orders under one number at the same moment the second is told the first's payment,
whatever its amount.
"""

from collections.abc import Sequence
from dataclasses import replace

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.service.unit_of_work import UnitOfWork

Order = tuple[str, str]


class Hurry:
    """What was asked for last under each number."""

    def __init__(self) -> None:
        self.digests: dict[Order, str] = {}

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        hurry = self

        class Around(AroundUnit):
            async def insert_payments(self, payments: Sequence[Payment]) -> set[str]:
                inserted: set[str] = await self._inner.insert_payments(payments)
                late = [one for one in payments if one.id not in inserted]
                hurry.digests |= {(one.app_id, one.merchant_order_no): one.request_digest for one in late}
                return inserted

            async def payments_by_order(self, orders: Sequence[Order]) -> dict[Order, Payment]:
                found: dict[Order, Payment] = await self._inner.payments_by_order(orders)
                return {
                    one: replace(payment, request_digest=hurry.digests.get(one, payment.request_digest))
                    if payment.attempt is AttemptStatus.REQUESTED
                    else payment
                    for one, payment in found.items()
                }

        return Around(inner)


MUTANT = Mutant(
    id="compares-before-it-writes",
    bug="accepts one order number over two amounts, when both are asked for at the same moment",
    parts=sharing(Hurry),
    must_be_convicted_by=("concurrency/other-body-at-once",),
    tried_in=("other-body-at-once",),
)
