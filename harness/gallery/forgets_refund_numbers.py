"""
"Every request is a new refund": the merchant's refund number is not looked up.
"""

from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.refund import Refund


class Around(AroundUnit):
    """No refund is ever found by its number."""

    async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
        del payment_id, merchant_refund_no
        return None

    async def insert_refund(self, refund: Refund) -> None:
        await self._inner.insert_refund(replace(refund, merchant_refund_no=refund.id))


MUTANT = Mutant(
    id="forgets-refund-numbers",
    bug="refunds again when a refund is asked for again under its own number",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("idempotency/refund-number-once", "refund/same-number-at-once", "spike/refunds"),
    tried_in=("refund-one-at-once", "spike-refunds"),
)
