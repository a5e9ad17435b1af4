"""
Book what a reversal did at the channel: the buyer had paid, and the whole of it has gone back.

Payment and refund are posted together, so the ledger says what happened and no balance moves. An order that was still
pending ends; one that its notify had made PAID meanwhile keeps its state and is refunded in full. While a refund is
under way nobody knows which of the two gave what back, so the order is looked at again when that has ended. Done once:
who comes second finds everything refunded.

Facts: alipay/cancel
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reference_gateway.domain.accounts import source_account
from reference_gateway.domain.events import event_row
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Posting, Transition, app_account
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import ENDED, ORDER_STEPS, OrderEvent, PaymentStatus, RefundStatus, Verdict
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork


class BookReversal:
    """The use case."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, payment: Payment, event: OrderEvent) -> Payment:
        """Book it; *event* is what ends an order that is still pending."""
        now = self._runtime.clock.now()
        async with self._runtime.units() as unit:
            before = (await unit.lock_payments([payment.out_trade_no]))[payment.out_trade_no]
            fresh_fen = before.amount_fen if before.paid_at is None else before.refundable_fen
            if before.reserved_fen or not fresh_fen:
                after = self._without(before, now)
                await unit.save_payments([after])
                await unit.commit()
                self._runtime.refunds_bell.ring()
                return after
            after = await self._book(unit, before, event, fresh_fen, now)
            self._runtime.crash_point("reversal.before_commit")
            await unit.commit()
        self._runtime.outbox_bell.ring()
        return after

    def _without(self, before: Payment, now: datetime) -> Payment:
        """Leave it to the refunds; those that are under way hear from the channel what became of them."""
        if not before.reserved_fen:
            return replace(before, end_at=None, poll_at=None)
        again_at = self._runtime.rules.poll_at(now, before.end_rung)
        return replace(before, end_at=again_at, end_rung=before.end_rung + 1, poll_at=None)

    async def _book(
        self, unit: UnitOfWork, before: Payment, event: OrderEvent, fresh_fen: Fen, now: datetime
    ) -> Payment:
        step = ORDER_STEPS[before.status, event]
        after = replace(
            before,
            status=step.to,
            paid_at=before.paid_at or now,
            refunded_fen=Fen(before.refunded_fen + fresh_fen),
            poll_at=None,
            end_at=None,
        )
        refund = self._refund(after, fresh_fen, now)
        await unit.save_payments([after])
        await unit.insert_refund(refund)
        if step.verdict is Verdict.MOVE:
            moved = Transition(
                "payment", before.id, before.status.value, event.value, step.to.value, True, "reversed after paid", now
            )
            await unit.record_transitions([moved])
        postings = self._postings(before, refund, now)
        if before.status is PaymentStatus.PENDING and after.status in ENDED:
            postings += await self._runtime.effects.ended(unit, [after])
        elif before.status not in ENDED:
            postings += await self._runtime.effects.refunded(unit, after, refund)
        await unit.post(postings)
        told = event_row(self._runtime.ids.new("ev"), "refund.succeeded", payment=after, at=now, refund=refund)
        await self._runtime.tell(unit, [told])
        return after

    def _refund(self, payment: Payment, amount_fen: Fen, now: datetime) -> Refund:
        return Refund(
            id=self._runtime.ids.new("re"),
            payment_id=payment.id,
            app_id=payment.app_id,
            merchant_refund_no=f"reversal-{payment.id}",
            out_request_no=self._runtime.ids.new("R"),
            amount_fen=amount_fen,
            reason="reversed at the channel",
            created_at=now,
            status=RefundStatus.SUCCEEDED,
            finished_at=now,
        )

    def _postings(self, before: Payment, refund: Refund, now: datetime) -> list[Posting]:
        source, owed = source_account(before), app_account(before.app_id)
        new = self._runtime.ids.new
        back = Posting(
            new("lt"), f"refund:{refund.id}", "refund", before.id, refund.id, owed, source, refund.amount_fen, now
        )
        if before.paid_at is not None:
            return [back]
        paid = Posting(
            new("lt"), f"payment:{before.id}", "payment", before.id, None, source, owed, before.amount_fen, now
        )
        return [paid, back]
