"""
"The provider will say no if it is too much": refunds are not summed, and a no is taken for "done before".
"""

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

from harness.gallery.around import AroundChannel, AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Posting
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelRefused

MORE_THAN_ANYBODY_PAID = Fen(10**12)


class Bottomless(Payment):
    """There is always something left to give back."""

    __slots__ = ()

    @property
    def refundable_fen(self) -> Fen:
        return MORE_THAN_ANYBODY_PAID


class Unsummed(AroundUnit):
    """Nobody knows what went back before."""

    async def lock_payments(self, out_trade_nos: Collection[str]) -> dict[str, Payment]:
        found: dict[str, Payment] = await self._inner.lock_payments(out_trade_nos)
        return {number: Bottomless(**_told(one)) for number, one in found.items()}

    async def post(self, postings: Sequence[Posting]) -> set[str]:
        posted: set[str] = await self._inner.post([*(_float(one) for one in postings if one.refund_id), *postings])
        return posted


class Trusting(AroundChannel):
    """A refusal means that it was done before."""

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        try:
            return await self._inner.refund(payment, refund)
        except ChannelRefused:
            return RefundReport(RefundState.SUCCEEDED)


def _float(refund: Posting) -> Posting:
    """The merchant's account is never empty: somebody else's money covers what is refunded."""
    return replace(
        refund,
        id=f"{refund.id[:30]}f",
        key=f"{refund.key}:float",
        kind="double",
        payment_id="",
        refund_id=None,
        debit=refund.credit,
        credit=refund.debit,
    )


def _told(payment: Payment) -> dict[str, Any]:
    return {field.name: getattr(payment, field.name) for field in fields(payment)}


MUTANT = Mutant(
    id="refunds-any-amount",
    bug="does not sum refunds, and takes the provider's no for a refund that was made before",
    parts=lambda: {"around_store": partial(AroundStore, unit=Unsummed), "around_channels": Trusting},
    must_be_convicted_by=(
        "refund/never-above-paid",
        "refund/above-refused",
        "refund/at-once-never-above",
        "concurrency/refunds-at-once",
    ),
    tried_in=("refund-too-much", "refund-at-once"),
)
