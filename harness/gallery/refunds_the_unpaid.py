"""
"A refund is a refund": whether anybody has paid is not asked, here or in what the provider says.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from harness.gallery.around import AroundStore
from harness.gallery.mutant import Mutant
from harness.gallery.refunds_any_amount import Trusting, Unsummed
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.service.unit_of_work import UnitOfWork


class Around(Unsummed):
    """For a refund, every order is a paid one."""

    def __init__(self, inner: UnitOfWork) -> None:
        super().__init__(inner)
        self._locked: dict[str, Payment] = {}
        self._was: dict[str, PaymentStatus] = {}

    async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
        found = await super().lock_payments(out_trade_nos)
        self._was = {number: one.status for number, one in found.items()}
        self._locked = found
        return found

    async def refund_by_no(self, payment_id: str, merchant_refund_no: str) -> Refund | None:
        for one in self._locked.values():
            object.__setattr__(one, "status", PaymentStatus.PAID)
        found: Refund | None = await self._inner.refund_by_no(payment_id, merchant_refund_no)
        return found

    async def save_payments(self, payments: Sequence[Payment]) -> None:
        kept = [replace(one, status=self._was[one.out_trade_no]) if one.reserved_fen else one for one in payments]
        await self._inner.save_payments(kept)


MUTANT = Mutant(
    id="refunds-the-unpaid",
    bug="refunds an order that nobody has paid",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around), "around_channels": Trusting},
    must_be_convicted_by=("refund/unpaid-refused", "close/refund-refused"),
    tried_in=("close-refunded",),
)
