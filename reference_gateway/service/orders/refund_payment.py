"""
Refund a payment: reserve the amount first, then call, always under the same number.

The sum of refunds never exceeds what was paid, because each reserves its amount under the payment's lock before the
channel hears of it. An unknown outcome is repeated with the same number; only a refusal that is known to be one frees
the amount again.

Facts: alipay/refund, alipay/refund-query, alipay/unknown-outcome
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reference_gateway.channels.port import RefundReport, RefundState
from reference_gateway.domain.accounts import returns_account, source_account
from reference_gateway.domain.events import event_row
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Posting, Transition, app_account
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import (
    ENDED,
    ORDER_STEPS,
    REFUND_STEPS,
    OrderEvent,
    RefundEvent,
    RefundStatus,
    Verdict,
)
from reference_gateway.errors import (
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    IllegalTransition,
    RefundConflict,
    RefundExceedsPaid,
    UnknownPayment,
    UnknownRefund,
)
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What the merchant asked for, validated."""

    merchant_refund_no: str
    amount_fen: Fen
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The refund for a number; *fresh* when this request made it."""

    refund: Refund
    fresh: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    """None for *event*: nobody knows yet."""

    event: RefundEvent | None
    failure_code: str | None = None
    channel_refund_no: str | None = None


_LATER = _Outcome(None)


def _told(report: RefundReport, otherwise: _Outcome = _LATER) -> _Outcome:
    """Read a report; *otherwise* holds where it says nothing about the money."""
    number = report.channel_refund_no or None
    if report.state is RefundState.SUCCEEDED:
        return _Outcome(RefundEvent.SUCCEED, None, number)
    if report.state is RefundState.FAILED:
        return _Outcome(RefundEvent.FAIL, "failed_at_channel", number)
    if report.state is RefundState.PROCESSING:
        return _Outcome(None, None, number)
    return otherwise


class RefundPayment:
    """The use case, for merchants and for the poller."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, app_id: str, payment_id: str, request: RefundRequest) -> RefundAnswer:
        """
        Reserve, call, and return the refund as it stands.

        Raises:
            UnknownPayment: this app has no such payment.
            IllegalTransition: the payment is not in a state to refund.
            RefundExceedsPaid: less is left.
            RefundConflict: the number stands for another amount.
        """
        answer, payment = await self._reserve(app_id, payment_id, request)
        if not answer.fresh:
            return answer
        self._runtime.crash_point("refund.after_reserve")
        self._runtime.refunds_bell.ring()
        call = self._runtime.background.spawn(self._first_call(payment, answer.refund), f"refund {answer.refund.id}")
        done, _ = await asyncio.wait({call}, timeout=self._runtime.rules.sync_wait_s)
        return RefundAnswer(call.result() if done else answer.refund, fresh=True)

    async def read(self, app_id: str, payment_id: str, refund_id: str) -> Refund:
        """Return one refund of the app's payment, or say what there is none of."""
        async with self._runtime.units() as unit:
            if await unit.payment(app_id, payment_id) is None:
                raise UnknownPayment
            refund = await unit.refund(payment_id, refund_id)
        if refund is None:
            raise UnknownRefund
        return refund

    async def for_poller(self, refund: Refund, payment: Payment) -> None:
        """Repeat the call under its number; where the answer leaves a doubt, ask the channel before believing it."""
        outcome = await self._repeat(payment, refund)
        await self._finish(payment, refund, outcome)

    async def _reserve(self, app_id: str, payment_id: str, request: RefundRequest) -> tuple[RefundAnswer, Payment]:
        now = self._runtime.clock.now()
        async with self._runtime.turns.of(payment_id), self._runtime.units() as unit:
            seen = await unit.payment(app_id, payment_id)
            if seen is None:
                raise UnknownPayment
            payment = (await unit.lock_payments([seen.out_trade_no]))[seen.out_trade_no]
            earlier = await unit.refund_by_no(payment_id, request.merchant_refund_no)
            if earlier is not None:
                if earlier.amount_fen != request.amount_fen:
                    raise RefundConflict
                return RefundAnswer(earlier, fresh=False), payment
            await self._refuse_unless_refundable(unit, payment, request, now)
            payment = replace(payment, reserved_fen=Fen(payment.reserved_fen + request.amount_fen))
            refund = self._refund(payment, request, now)
            await unit.save_payments([payment])
            await unit.insert_refund(refund)
            if brought := await self._runtime.effects.refunding(unit, payment, refund):
                await unit.post(brought)
            await unit.commit()
        return RefundAnswer(refund, fresh=True), payment

    async def _refuse_unless_refundable(
        self, unit: UnitOfWork, payment: Payment, request: RefundRequest, now: datetime
    ) -> None:
        if ORDER_STEPS[payment.status, OrderEvent.REFUND].verdict is Verdict.REFUSE:
            status = payment.status.value
            refused = Transition("payment", payment.id, status, OrderEvent.REFUND.value, status, False, "", now)
            await unit.record_transitions([refused])
            await unit.commit()
            raise IllegalTransition(f"a payment that is {status} cannot be refunded")
        if request.amount_fen > payment.refundable_fen:
            raise RefundExceedsPaid(f"{payment.refundable_fen} fen are left to refund")

    def _refund(self, payment: Payment, request: RefundRequest, now: datetime) -> Refund:
        return Refund(
            id=self._runtime.ids.new("re"),
            payment_id=payment.id,
            app_id=payment.app_id,
            merchant_refund_no=request.merchant_refund_no,
            out_request_no=self._runtime.ids.new("R"),
            amount_fen=request.amount_fen,
            reason=request.reason,
            created_at=now,
            poll_at=self._runtime.rules.first_poll_at(now, channel=payment.channel),
        )

    async def _first_call(self, payment: Payment, refund: Refund) -> Refund:
        """Call for the first time; a refusal is believed, because no earlier call can have moved the money."""
        try:
            outcome = _told(await self._call(payment, refund))
        except ChannelRefused as error:
            outcome = _Outcome(RefundEvent.FAIL, error.reason)
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            outcome = _LATER
        return await self._finish(payment, refund, outcome)

    async def _repeat(self, payment: Payment, refund: Refund) -> _Outcome:
        try:
            try:
                report = await self._call(payment, refund)
            except ChannelRefused as error:
                return await self._confirm(payment, refund, _Outcome(RefundEvent.FAIL, error.reason))
            if report.state in (RefundState.UNCONFIRMED, RefundState.PROCESSING):
                # Taken is not made, and repeating the call may say no more for ever: only the refund itself tells.
                return await self._confirm(payment, refund, _told(report))
            return _told(report)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused):
            return _LATER

    async def _confirm(self, payment: Payment, refund: Refund, otherwise: _Outcome) -> _Outcome:
        """Ask for the refund itself; *otherwise* holds when the channel has none under this number."""
        ripe_at = refund.created_at + timedelta(seconds=self._runtime.rules.refund_confirm_after_s)
        if self._runtime.clock.now() < ripe_at:
            return _LATER
        return _told(await self._runtime.channel(payment.channel).query_refund(payment, refund), otherwise)

    async def _call(self, payment: Payment, refund: Refund) -> RefundReport:
        self._runtime.crash_point("refund.before_channel_call")
        report = await self._runtime.channel(payment.channel).refund(payment, refund)
        self._runtime.crash_point("refund.after_channel_call")
        return report

    async def _finish(self, payment: Payment, refund: Refund, outcome: _Outcome) -> Refund:
        """Write the outcome down, once; a refund that has ended stays as it ended."""
        now = self._runtime.clock.now()
        async with self._runtime.turns.of(payment.id), self._runtime.units() as unit:
            payment = (await unit.lock_payments([payment.out_trade_no]))[payment.out_trade_no]
            current = await unit.lock_refund(refund.id)
            if current is None:
                raise UnknownRefund
            if current.status in (RefundStatus.SUCCEEDED, RefundStatus.FAILED):
                return current
            after, moves = self._moved(current, outcome, now, channel=payment.channel)
            own = after.try_no is None
            if outcome.event is not None and own:
                payment = _settled(payment, after)
                await unit.save_payments([payment])
            await unit.save_refund(after)
            await unit.record_transitions(moves)
            if outcome.event is RefundEvent.SUCCEED and not own:
                await unit.post([self._second_back(payment, after, now)])
            elif outcome.event is not None and own:
                await self._tell(unit, payment, after, now)
            self._runtime.crash_point("refund.before_commit")
            await unit.commit()
        self._runtime.crash_point("refund.after_commit")
        self._runtime.outbox_bell.ring()
        self._runtime.refunds_bell.ring()
        return after

    def _moved(
        self, refund: Refund, outcome: _Outcome, now: datetime, *, channel: str
    ) -> tuple[Refund, list[Transition]]:
        moves: list[Transition] = []
        refund = replace(refund, channel_refund_no=outcome.channel_refund_no or refund.channel_refund_no)
        status = refund.status
        for event in (RefundEvent.SEND, *([outcome.event] if outcome.event else [])):
            step = REFUND_STEPS[status, event]
            if step.verdict is Verdict.MOVE:
                detail = outcome.failure_code or ""
                moves.append(
                    Transition("refund", refund.id, status.value, event.value, step.to.value, True, detail, now)
                )
            status = step.to
        if outcome.event is None:
            poll_at = self._runtime.rules.unknown_at(now, refund.poll_rung, channel=channel)
            return replace(refund, status=status, poll_at=poll_at, poll_rung=refund.poll_rung + 1), moves
        ended = replace(refund, status=status, poll_at=None, finished_at=now, failure_code=outcome.failure_code)
        return ended, moves

    async def _tell(self, unit: UnitOfWork, payment: Payment, refund: Refund, now: datetime) -> None:
        """Post the money that went back, and put the event in the outbox."""
        event_id = self._runtime.ids.new("ev")
        if refund.status is RefundStatus.FAILED:
            if back := await self._runtime.effects.unrefunded(unit, payment, refund):
                await unit.post(back)
            row = event_row(event_id, "refund.failed", payment=payment, at=now, refund=refund)
        else:
            posting = Posting(
                self._runtime.ids.new("lt"),
                f"refund:{refund.id}",
                "refund",
                payment.id,
                refund.id,
                app_account(payment.app_id),
                source_account(payment),
                refund.amount_fen,
                now,
            )
            # What came too late had no effects, and its way back has none.
            late = payment.status in ENDED
            followed = () if late else await self._runtime.effects.refunded(unit, payment, refund)
            await unit.post([posting, *followed])
            row = event_row(event_id, "refund.succeeded", payment=payment, at=now, refund=refund)
        await self._runtime.tell(unit, [row])

    def _second_back(self, payment: Payment, refund: Refund, now: datetime) -> Posting:
        """Post that a second payment of the order has gone back; where it cannot, it stays owed to the buyer."""
        return Posting(
            self._runtime.ids.new("lt"),
            f"refund:{refund.id}",
            "double_back",
            payment.id,
            refund.id,
            returns_account(payment.app_id),
            source_account(payment),
            refund.amount_fen,
            now,
        )


def _settled(payment: Payment, refund: Refund) -> Payment:
    """Turn the reservation into a refund, or free it."""
    reserved_fen = Fen(payment.reserved_fen - refund.amount_fen)
    if refund.status is RefundStatus.FAILED:
        return replace(payment, reserved_fen=reserved_fen)
    return replace(payment, reserved_fen=reserved_fen, refunded_fen=Fen(payment.refunded_fen + refund.amount_fen))
