"""
What follows inside the gateway when an order moves: stock, tips, top-ups and the like, as a port.

Each call stands inside the very transaction that moves the order, and happens once for each move: a repeated notify or
request moves nothing and calls nothing. An effect writes through the unit it is given and answers with the postings
that belong to the move; they are made together with the order's own, in one statement, so that accounts are always
locked in one order. It calls no channel, waits for nothing else, and raises only to undo the move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Posting
from reference_gateway.domain.refund import Refund
from reference_gateway.service.unit_of_work import UnitOfWork


class OrderEffects(Protocol):
    """One consequence of orders' moves."""

    async def paid(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        """PENDING became PAID; a payment that came too late moves nothing and is not told here."""
        ...

    async def ended(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        """PENDING became CLOSED or CANCELLED."""
        ...

    async def refunding(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        """
        A merchant's refund is REQUESTED, and the channel has not heard of it yet.

        Raises:
            RefundExceedsPaid, IllegalTransition: the money is not there any more, or such orders are not refunded.
        """
        ...

    async def unrefunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        """A refund FAILED."""
        ...

    async def refunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        """A refund of an order that had its effects SUCCEEDED; *payment* as it stands afterwards."""
        ...

    async def shipped(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        """PAID became SHIPPED."""
        ...

    async def completed(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        """SHIPPED became COMPLETED."""
        ...


class NoEffects:
    """Moves without consequence; the base of effects that care about some moves only."""

    async def paid(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        del unit, payments
        return ()

    async def ended(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        del unit, payments
        return ()

    async def refunding(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        del unit, payment, refund
        return ()

    async def unrefunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        del unit, payment, refund
        return ()

    async def refunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        del unit, payment, refund
        return ()

    async def shipped(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        del unit, payment
        return ()

    async def completed(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        del unit, payment
        return ()


class AllEffects:
    """Several effects as one, in their order."""

    def __init__(self, effects: Sequence[OrderEffects]) -> None:
        self._effects = effects

    async def paid(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.paid(unit, payments)]

    async def ended(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.ended(unit, payments)]

    async def refunding(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.refunding(unit, payment, refund)]

    async def unrefunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.unrefunded(unit, payment, refund)]

    async def refunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.refunded(unit, payment, refund)]

    async def shipped(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.shipped(unit, payment)]

    async def completed(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        return [posting for effect in self._effects for posting in await effect.completed(unit, payment)]
