"""
"The state says it all": the order is paid, and no ledger entry says so.
"""

from collections.abc import Sequence
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.records import Posting


class Around(AroundUnit):
    """Payments are never posted."""

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        await self._inner.post([one for one in postings if one.kind != "payment"])
        return {one.key for one in postings}


MUTANT = Mutant(
    id="forgets-the-credit",
    bug="marks an order paid and credits nobody",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("money/credited-amount",),
    tried_in=("plain",),
)
