"""
"A bill is about payments": its refunds are not read.
"""

from datetime import date

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import BillRow


class Around(AroundChannel):
    """Only payments are kept of a bill."""

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        return tuple(row for row in await self._inner.download_bill(day) if row.kind == "payment")


MUTANT = Mutant(
    id="bills-without-refunds",
    bug="reads no refunds in bills, and misses its own in each",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("reconciliation/refunds-agree",),
    tried_in=("bill-with-refunds",),
)
