"""
"The bank is always right": what the bill has and the books have not is booked as the bill says.
"""

from collections.abc import Collection, Sequence
from datetime import date
from itertools import count

from harness.gallery.around import AroundUnit, sharing
from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.reconciliation import Difference
from reference_gateway.domain.records import Posting, app_account, channel_account
from reference_gateway.service.unit_of_work import UnitOfWork


class Clerk:
    """Makes the books agree, each time anew."""

    def __init__(self) -> None:
        self.seen: dict[str, Payment] = {}
        self.numbers = count(1)

    def unit(self, inner: UnitOfWork) -> AroundUnit:
        clerk = self

        class Around(AroundUnit):
            async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
                found: dict[str, Payment] = await self._inner.lock_payments(out_trade_nos)
                clerk.seen |= found
                return found

            async def put_differences(self, channel: str, day: date, differences: Sequence[Difference]) -> None:
                await self._inner.post([one for told in differences for one in clerk.booked(channel, told)])
                await self._inner.put_differences(channel, day, differences)

        return Around(inner)

    def booked(self, channel: str, told: Difference) -> list[Posting]:
        payment, there_fen = self.seen.get(told.out_trade_no), told.there_fen
        if payment is None or there_fen is None:
            return []
        number, missing_fen = f"bill-{next(self.numbers)}", Fen(abs(there_fen - (told.here_fen or 0)))
        debit, credit = channel_account(channel), app_account(payment.app_id)
        return [Posting(number, number, "payment", payment.id, None, debit, credit, missing_fen, payment.created_at)]


MUTANT = Mutant(
    id="books-by-the-bill",
    bug="books whatever a bill says, each time that it reads it",
    parts=sharing(Clerk),
    must_be_convicted_by=("reconciliation/nothing-by-the-bill", "reconciliation/again-harmless"),
    tried_in=("bill-amount", "bill-never-heard-of"),
)
