"""
End an order because its merchant closes it or its buyer cancels it.

The wish is written down first, so that it outlives a crash; then the trade is ended at the channel, and then the order.
Whoever has paid before that keeps a paid order.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Transition
from reference_gateway.domain.transitions import ORDER_STEPS, OrderEvent, Verdict
from reference_gateway.errors import IllegalTransition, UnknownPayment
from reference_gateway.service.orders.end_trade import EndTrade
from reference_gateway.service.runtime import Runtime


class EndPayment:
    """The use case, for merchants and for the closer."""

    def __init__(self, runtime: Runtime, end_trade: EndTrade) -> None:
        self._runtime = runtime
        self._end_trade = end_trade

    async def __call__(self, app_id: str, payment_id: str, event: OrderEvent) -> Payment:
        """
        Return the payment as it stands: ended, paid after all, or still pending where the channel has not answered.

        Args:
            event: CLOSE or CANCEL.

        Raises:
            UnknownPayment: this app has no such payment.
            IllegalTransition: the payment is not in a state that allows it.
        """
        payment = await self._wish(app_id, payment_id, event)
        if payment.end_at is None:
            return payment
        self._runtime.crash_point("end.after_wish")
        self._runtime.ends_bell.ring()
        trying = self._runtime.background.spawn(self._end_trade(payment), f"end {payment.out_trade_no}")
        await asyncio.wait({trying}, timeout=self._runtime.rules.sync_wait_s)
        async with self._runtime.units() as unit:
            return await unit.payment(app_id, payment_id) or payment

    async def for_worker(self, payment: Payment) -> None:
        """Try once; what has no clear answer is due again later."""
        await self._end_trade(payment)

    async def _wish(self, app_id: str, payment_id: str, event: OrderEvent) -> Payment:
        now = self._runtime.clock.now()
        async with self._runtime.turns.of(payment_id), self._runtime.units() as unit:
            seen = await unit.payment(app_id, payment_id)
            if seen is None:
                raise UnknownPayment
            payment = (await unit.lock_payments([seen.out_trade_no]))[seen.out_trade_no]
            step = ORDER_STEPS[payment.status, event]
            if step.verdict is Verdict.REFUSE:
                status = payment.status.value
                refused = Transition("payment", payment.id, status, event.value, status, False, "", now)
                await unit.record_transitions([refused])
                await unit.commit()
                raise IllegalTransition(f"a payment that is {status} cannot be ended by {event.value}")
            if step.verdict is Verdict.REPEAT:
                return replace(payment, end_at=None)
            payment = replace(
                payment, end_event=payment.end_event or event, end_at=self._runtime.lease_until(now), end_rung=0
            )
            await unit.save_payments([payment])
            await unit.commit()
        return payment
