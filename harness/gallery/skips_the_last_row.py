"""
"The last line is the summary": so it is left out, where there is none as well.
"""

from datetime import date

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import BillRow


class Around(AroundChannel):
    """A bill is one row shorter."""

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        rows: tuple[BillRow, ...] = await self._inner.download_bill(day)
        return rows[:-1]


MUTANT = Mutant(
    id="skips-the-last-row",
    bug="takes the last payment of a bill for its summary",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("reconciliation/true-bill-agrees",),
    tried_in=("bill-quiet",),
)
