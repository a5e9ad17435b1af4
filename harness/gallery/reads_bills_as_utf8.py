"""
"Everything is UTF-8": Alipay's bill cannot be read, and its day is waited for, for ever.
"""

from datetime import date

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import BillRow
from reference_gateway.errors import ChannelOutcomeUnknown


class Around(AroundChannel):
    """Tomorrow it will be better."""

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        await self._inner.download_bill(day)
        raise ChannelOutcomeUnknown("the bill's file is damaged")


MUTANT = Mutant(
    id="reads-bills-as-utf8",
    bug="never comes to an end with a bill, because it is not in UTF-8",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("reconciliation/comes-to-an-end",),
    tried_in=("bill-quiet",),
)
