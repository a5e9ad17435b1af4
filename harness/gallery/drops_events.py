"""
"The event bus is best effort": events are written beside the transaction, and sometimes not at all.
"""

from collections.abc import Sequence
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.records import OutboxRow


class Around(AroundUnit):
    """Nothing reaches the outbox."""

    async def add_outbox(self, rows: Sequence[OutboxRow]) -> None:
        del rows


MUTANT = Mutant(
    id="drops-events",
    bug="credits the buyer and does not tell the platform",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("notify/platform-told-once",),
    tried_in=("plain",),
)
