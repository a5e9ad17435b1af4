"""
"Every payment of ours is in the bill, so all is well": what only the bill has is nobody's.
"""

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.bill import BillKind
from reference_gateway.domain.money import NOTHING_FEN
from reference_gateway.domain.reconciliation import Known


class Around(AroundUnit):
    """Rows that the books do not have belong to somebody else."""

    async def known(self, kind: BillKind, numbers: Collection[str]) -> dict[str, Known]:
        found: dict[str, Known] = await self._inner.known(kind, numbers)
        nobody = Known(channel="somebody else's", status="", amount_fen=NOTHING_FEN)
        return {number: replace(found.get(number, nobody), channel="somebody else's") for number in numbers}


MUTANT = Mutant(
    id="reads-the-books-only",
    bug="looks for its own payments in the bill, and never for the bill's in its own books",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("reconciliation/extra-row-told", "reconciliation/lost-payment-found"),
    tried_in=("bill-extra-row", "bill-never-heard-of"),
)
