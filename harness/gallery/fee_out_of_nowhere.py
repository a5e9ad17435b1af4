"""
"The channel keeps its fee": it is taken from one leg, and booked on no other.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import Fen
from reference_gateway.domain.records import LedgerLine


class Around(AroundUnit):
    """The channel's leg of a payment is six in a thousand short."""

    async def ledger_lines(self, payment_ids: Sequence[str]) -> list[LedgerLine]:
        return [
            replace(line, amount_fen=Fen(line.amount_fen - line.amount_fen * 6 // 1000))
            if line.account.startswith("channel")
            else line
            for line in await self._inner.ledger_lines(payment_ids)
        ]


MUTANT = Mutant(
    id="fee-out-of-nowhere",
    bug="takes the fee from one leg of an entry, so that the ledger does not sum to zero",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("money/sums-zero",),
    tried_in=("plain",),
)
