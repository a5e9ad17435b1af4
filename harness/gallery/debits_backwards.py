"""
"Out is out": refunds are posted the way that payments are.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.records import Posting


class Around(AroundUnit):
    """Both legs of a refund stand on the wrong side."""

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        turned = [replace(one, debit=one.credit, credit=one.debit) if one.kind == "refund" else one for one in postings]
        posted: set[str] = await self._inner.post(turned)
        return posted


MUTANT = Mutant(
    id="debits-backwards",
    bug="posts refunds the wrong way round: each raises what the channel owes",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("money/ledger-net",),
    tried_in=("refund-part",),
)
