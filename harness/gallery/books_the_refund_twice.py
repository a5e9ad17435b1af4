"""
"Two ledgers are better than one": the refund is posted once more under another key.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.records import Posting


class Around(AroundUnit):
    """Each refund is debited twice."""

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        again = [replace(one, id=f"{one.id[:30]}b", key=f"{one.key}:again") for one in postings if one.kind == "refund"]
        posted: set[str] = await self._inner.post([*postings, *again])
        return posted


MUTANT = Mutant(
    id="books-the-refund-twice",
    bug="debits a refund twice in its own ledger",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("refund/books-agree", "refund/in-part"),
    tried_in=("refund-part",),
)
