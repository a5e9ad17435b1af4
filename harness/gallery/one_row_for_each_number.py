"""
"A number has one row": a bill is read into a table by its numbers, and what stands there twice is there once.
"""

from datetime import date

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import BillRow


class Around(AroundChannel):
    """The last one wins."""

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        return tuple({(row.kind, row.number): row for row in await self._inner.download_bill(day)}.values())


MUTANT = Mutant(
    id="one-row-for-each-number",
    bug="overlooks a payment that its bill has twice",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("reconciliation/extra-row-told",),
    tried_in=("bill-row-twice",),
)
