"""
"They have no bill, so there was nothing": a bill that is not written yet counts as one without rows.
"""

from datetime import date

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import BillRow
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable


class Around(AroundChannel):
    """No bill is a bill."""

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        try:
            rows: tuple[BillRow, ...] = await self._inner.download_bill(day)
        except (ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable):
            return ()
        return rows


MUTANT = Mutant(
    id="no-bill-is-an-empty-one",
    bug="takes a bill that is not there yet for a day without payments",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("reconciliation/no-bill-no-agreement",),
    tried_in=("bill-not-there-yet",),
)
