"""
"It is in the log": what differs between bill and books is found, and told to nobody.
"""

from collections.abc import Sequence
from datetime import date
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.reconciliation import Difference


class Around(AroundUnit):
    """No difference is written down."""

    async def put_differences(self, channel: str, day: date, differences: Sequence[Difference]) -> None:
        del differences
        await self._inner.put_differences(channel, day, [])


MUTANT = Mutant(
    id="tells-no-differences",
    bug="compares a bill with its books, and tells nobody what differs",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=(
        "reconciliation/missing-row-told",
        "reconciliation/amount-told",
        "reconciliation/empty-bill-told",
        "reconciliation/refund-elsewhere-told",
        "reconciliation/refund-amount-told",
    ),
    tried_in=("bill-missing-row", "bill-amount", "bill-empty", "bill-refund-elsewhere", "bill-refund-amount"),
)
