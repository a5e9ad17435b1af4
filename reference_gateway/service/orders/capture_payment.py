"""
Capture what a pre-authorisation froze, all of it or a part; the rest is set free by the channel.

The amount is written down before the channel is called, so that whatever is heard later, by answer, notify or query,
is held against it. An outcome that is not known is asked about by the poller.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from reference_gateway.channels.port import TradeState
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Transition
from reference_gateway.domain.transitions import ENDED, PaymentStatus
from reference_gateway.errors import (
    BadRequest,
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    IllegalTransition,
)
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.orders.settle import Settlements, settle_report
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork


class CapturePayment:
    """The use case."""

    def __init__(self, runtime: Runtime, *, settlements: Settlements, query: QueryPayment) -> None:
        self._runtime = runtime
        self._settlements = settlements
        self._query = query

    async def __call__(self, app_id: str, payment_id: str, amount_fen: Fen | None) -> Payment:
        """
        Return the payment as it stands: PAID, or still PENDING where the channel has not answered clearly.

        Args:
            amount_fen: at most what was frozen; None for all of it.

        Raises:
            UnknownPayment: this app has no such payment.
            IllegalTransition: nothing is frozen, or another amount was captured.
            BadRequest: more than was frozen.
            ChannelRefused: the channel captures nothing; the freeze stays.
        """
        seen = await self._query.read(app_id, payment_id)
        payment = await self._wish(seen, amount_fen)
        if payment.status is not PaymentStatus.PENDING:
            return payment
        self._runtime.crash_point("capture.after_wish")
        call = self._runtime.background.spawn(self._capture(payment), f"capture {payment.out_trade_no}")
        done, _ = await asyncio.wait({call}, timeout=self._runtime.rules.sync_wait_s)
        if done:
            call.result()
        return await self._query.read(app_id, payment_id)

    async def _wish(self, seen: Payment, amount_fen: Fen | None) -> Payment:
        now = self._runtime.clock.now()
        async with self._runtime.turns.of(seen.id), self._runtime.units() as unit:
            payment = (await unit.lock_payments([seen.out_trade_no]))[seen.out_trade_no]
            hold_fen = payment.hold_fen
            if hold_fen is None or payment.status in ENDED:
                await self._refuse(unit, payment, "nothing of it is frozen", now)
                raise AssertionError("refused above")
            wanted_fen = hold_fen if amount_fen is None else amount_fen
            if wanted_fen > hold_fen:
                raise BadRequest(f"amount_fen: {hold_fen} fen were frozen", code="capture_exceeds_hold")
            if payment.status is not PaymentStatus.PENDING or payment.amount_fen != hold_fen:
                if wanted_fen != payment.amount_fen:
                    await self._refuse(unit, payment, f"{payment.amount_fen} fen of it were captured before", now)
                return payment
            # From now on its outcome is unknown: asked about soon, not where the freeze stood on the ladder.
            first_at = self._runtime.rules.first_poll_at(now, channel=payment.channel)
            payment = replace(payment, amount_fen=wanted_fen, poll_at=first_at, poll_rung=0)
            await unit.save_payments([payment])
            await unit.commit()
        self._runtime.polls_bell.ring(payment.poll_at)
        return payment

    async def _capture(self, payment: Payment) -> None:
        """Call; a refusal puts the whole freeze back, a missing answer leaves it to the poller."""
        channel = self._runtime.channel(payment.channel)
        try:
            report = await channel.capture(payment, payment.amount_fen)
        except ChannelRefused:
            await self._give_up(payment)
            raise
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            return
        finally:
            self._runtime.crash_point("capture.after_channel_call")
        if report.state is TradeState.PAID:
            await settle_report(self._settlements, payment, report)

    async def _give_up(self, payment: Payment) -> None:
        async with self._runtime.units() as unit:
            current = (await unit.lock_payments([payment.out_trade_no]))[payment.out_trade_no]
            if current.status is PaymentStatus.PENDING and current.hold_fen is not None:
                await unit.save_payments([replace(current, amount_fen=current.hold_fen)])
                await unit.commit()

    async def _refuse(self, unit: UnitOfWork, payment: Payment, why: str, now: datetime) -> None:
        status = payment.status.value
        await unit.record_transitions([Transition("payment", payment.id, status, "capture", status, False, why, now)])
        await unit.commit()
        raise IllegalTransition(f"a payment that is {status} is not captured: {why}")
