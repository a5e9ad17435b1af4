"""
Bring a paid order to its end: goods sent, then the buyer's confirmation.

Each move happens once, with its record, its effects and its event in one transaction; asked again, it answers what is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from reference_gateway.domain.events import EventType, event_row
from reference_gateway.domain.goods import LogisticsRow
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Posting, Transition
from reference_gateway.domain.transitions import ORDER_STEPS, OrderEvent, Verdict
from reference_gateway.errors import IllegalTransition, UnknownPayment
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork

Effect = Callable[[UnitOfWork, Payment], Awaitable[Sequence[Posting]]]


class FulfilOrder:
    """The use cases."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def ship(self, app_id: str, payment_id: str, *, carrier: str, tracking_no: str) -> Payment:
        """
        Write the logistics record and make the order SHIPPED.

        Raises:
            UnknownPayment: this app has no such payment.
            IllegalTransition: it is not paid, or nothing of what was paid is left.
        """

        async def shipped(unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
            sent = LogisticsRow(payment.id, carrier, tracking_no, self._runtime.clock.now())
            await unit.insert_logistics([sent])
            return await self._runtime.effects.shipped(unit, payment)

        return await self._move(app_id, payment_id, OrderEvent.SHIP, tells="payment.shipped", effect=shipped)

    async def confirm(self, app_id: str, payment_id: str) -> Payment:
        """
        Make the order COMPLETED: the buyer has what was bought, and what was held back for it is released.

        Raises:
            UnknownPayment: this app has no such payment.
            IllegalTransition: it was not shipped.
        """
        effect = self._runtime.effects.completed
        return await self._move(app_id, payment_id, OrderEvent.CONFIRM, tells="payment.completed", effect=effect)

    async def _move(
        self, app_id: str, payment_id: str, event: OrderEvent, *, tells: EventType, effect: Effect
    ) -> Payment:
        now = self._runtime.clock.now()
        async with self._runtime.turns.of(payment_id), self._runtime.units() as unit:
            seen = await unit.payment(app_id, payment_id)
            if seen is None:
                raise UnknownPayment
            payment = (await unit.lock_payments([seen.out_trade_no]))[seen.out_trade_no]
            step = ORDER_STEPS[payment.status, event]
            if step.verdict is Verdict.REPEAT:
                return payment
            if step.verdict is Verdict.REFUSE or (event is OrderEvent.SHIP and not payment.refundable_fen):
                await self._refuse(unit, payment, event, now)
            after = replace(payment, status=step.to)
            await unit.save_payments([after])
            await unit.record_transitions(
                [Transition("payment", payment.id, payment.status.value, event.value, step.to.value, True, "", now)]
            )
            postings = await effect(unit, after)
            if postings:
                await unit.post(postings)
            await self._runtime.tell(unit, [event_row(self._runtime.ids.new("ev"), tells, payment=after, at=now)])
            self._runtime.crash_point("fulfil.before_commit")
            await unit.commit()
        self._runtime.crash_point("fulfil.after_commit")
        self._runtime.outbox_bell.ring()
        return after

    async def _refuse(self, unit: UnitOfWork, payment: Payment, event: OrderEvent, now: datetime) -> None:
        status = payment.status.value
        await unit.record_transitions([Transition("payment", payment.id, status, event.value, status, False, "", now)])
        await unit.commit()
        left = "" if payment.refundable_fen else " and has been given back"
        raise IllegalTransition(f"a payment that is {status}{left} does not {event.value}")
