"""
Pay from a buyer's balance: order, balance, ledger and event of a whole batch in one transaction.

The wallets are locked before anything is decided, so that orders of one buyer, in this gateway or another, are served
one after the other and never overdraw; an order for which the balance does not reach is kept as one that ended at once.
What is raised by them, a streamer's account above all, is only appended to and makes nobody wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.accounts import source_account
from reference_gateway.domain.events import event_row
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import changed
from reference_gateway.domain.records import OutboxRow, Posting, Transition, app_account
from reference_gateway.domain.transitions import AttemptStatus, OrderEvent, PaymentStatus
from reference_gateway.errors import GatewayError, OrderConflict, StoreConflict
from reference_gateway.service.orders.create_payment import (
    Admission,
    AdmissionKey,
    Admissions,
    Candidate,
    attempt_of,
    keep_keys,
    keys_that_conflict,
    refused_at_once,
)
from reference_gateway.service.orders.purposes import OUT_OF_STOCK, Purpose, refusals, reserve, short
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.store.group_commit import GroupCommit

INSUFFICIENT = "insufficient_balance"
BATCH_MAX = 512
LANES = 2
"""While PostgreSQL works for one batch, the next is made ready; wallets that both want are locked in one order."""

Answers = dict[AdmissionKey, Admission | GatewayError]


def wallet_payments(runtime: Runtime) -> Admissions:
    """Make the committer of payments from balances."""

    async def apply(batch: Mapping[AdmissionKey, Candidate]) -> Mapping[AdmissionKey, Admission | GatewayError]:
        async with runtime.units() as unit:
            answers = await _WalletBatch(runtime, unit).pay(batch)
            runtime.crash_point("wallet.before_commit")
            await unit.commit()
        runtime.crash_point("wallet.after_commit")
        runtime.outbox_bell.ring()
        if any(candidate.payment.purpose == Purpose.RED_PACKET for candidate in batch.values()):
            runtime.packets_bell.ring()
        return answers

    return GroupCommit(apply, batch_max=BATCH_MAX, lanes=LANES)


@dataclass(slots=True)
class _WalletBatch:
    """One transaction's worth of payments from balances."""

    runtime: Runtime
    unit: UnitOfWork

    async def pay(self, batch: Mapping[AdmissionKey, Candidate]) -> Answers:
        """Answer every candidate, and write what was decided."""
        answers: Answers = dict(await keys_that_conflict(self.unit, batch))
        open_ = {name: candidate for name, candidate in batch.items() if name not in answers}
        answers.update(await refusals(self.unit, open_))
        orders = [_order(candidate.payment) for candidate in open_.values()]
        standing = await self.unit.claim_orders(orders)
        fresh: dict[tuple[str, str], AdmissionKey] = {}
        for name, candidate in open_.items():
            known = standing.get(_order(candidate.payment))
            if known is None and name not in answers:
                fresh.setdefault(_order(candidate.payment), name)
        decided = await self._decided([open_[name] for name in fresh.values()])
        if decided:
            await self._write(decided, [open_[name] for name in fresh.values()])
        standing |= {_order(payment): payment for payment in decided}
        for name, candidate in open_.items():
            order = _order(candidate.payment)
            if order in standing:
                answers[name] = _answer(candidate, standing[order], fresh=fresh.get(order) == name)
        await keep_keys(self.unit, open_, answers)
        return answers

    async def _decided(self, candidates: Sequence[Candidate]) -> list[Payment]:
        """Lock what the orders draw on, then let each be paid as far as stock and balance reach, in their order."""
        if not candidates:
            return []
        stock = [candidate.stock for candidate in candidates if candidate.stock is not None]
        without_stock = short(stock, await self.unit.lock_goods({order.good_id for order in stock})) if stock else set()
        packets = [c.payment for c in candidates if c.payment.purpose == Purpose.RED_PACKET]
        if packets:
            found = await self.unit.packets_by_no([_order(payment) for payment in packets])
            await self.unit.lock_packets(sorted(packet.id for packet in found.values()))
        balances = await self.unit.lock_balances(sorted({source_account(c.payment) for c in candidates}))
        now = self.runtime.clock.now()
        decided = []
        for payment in (candidate.payment for candidate in candidates):
            wallet = source_account(payment)
            failure = OUT_OF_STOCK if payment.id in without_stock else None
            if failure is None and balances.get(wallet, 0) < payment.amount_fen:
                failure = INSUFFICIENT
            if failure is None:
                balances[wallet] -= payment.amount_fen
            decided.append(refused_at_once(payment, failure) if failure else _paid(payment, now))
        return decided

    async def _write(self, decided: Sequence[Payment], candidates: Sequence[Candidate]) -> None:
        now = self.runtime.clock.now()
        if await self.unit.insert_payments(decided) != {payment.id for payment in decided}:
            raise StoreConflict("another gateway took one of these orders first")
        await self.unit.insert_attempts(
            [attempt_of(payment, c.choice) for c, payment in zip(candidates, decided, strict=True)]
        )
        paid = [payment for payment in decided if payment.status is PaymentStatus.PAID]
        ids = {payment.id for payment in paid}
        stock = [c.stock for c in candidates if c.stock is not None and c.payment.id in ids]
        if stock and await reserve(self.unit, stock):
            raise AssertionError("stock that was counted under its lock is gone")
        await self.unit.record_transitions([_transition(payment, now) for payment in decided])
        if len(paid) < len(decided):
            await self.runtime.effects.ended(self.unit, [p for p in decided if p.status is PaymentStatus.CLOSED])
        if paid:
            postings = [self._posting(payment, now) for payment in paid]
            await self.unit.post([*postings, *await self.runtime.effects.paid(self.unit, paid)])
            await self.runtime.tell(self.unit, [self._event(payment, now) for payment in paid])

    def _posting(self, payment: Payment, now: datetime) -> Posting:
        return Posting(
            self.runtime.ids.new("lt"),
            f"payment:{payment.id}",
            "payment",
            payment.id,
            None,
            source_account(payment),
            app_account(payment.app_id),
            payment.amount_fen,
            now,
        )

    def _event(self, payment: Payment, now: datetime) -> OutboxRow:
        return event_row(self.runtime.ids.new("ev"), "payment.paid", payment=payment, at=now)


def _order(payment: Payment) -> tuple[str, str]:
    return payment.app_id, payment.merchant_order_no


def _paid(payment: Payment, now: datetime) -> Payment:
    return changed(
        payment,
        status=PaymentStatus.PAID,
        attempt=AttemptStatus.OPENED,
        channel_trade_no=payment.out_trade_no,
        pay_params={},
        paid_at=now,
        poll_at=None,
        end_at=None,
    )


def _transition(payment: Payment, now: datetime) -> Transition:
    event = OrderEvent.PAY if payment.status is PaymentStatus.PAID else OrderEvent.CLOSE
    return Transition(
        "payment",
        payment.id,
        PaymentStatus.PENDING.value,
        event.value,
        payment.status.value,
        True,
        payment.failure_code or "",
        now,
    )


def _answer(candidate: Candidate, standing: Payment, *, fresh: bool) -> Admission | GatewayError:
    if standing.request_digest != candidate.payment.request_digest:
        return OrderConflict()
    return Admission(standing, fresh=fresh)
