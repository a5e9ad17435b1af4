"""
Settle what channels say: inbox row, order, ledger and outbox of a whole batch in one transaction.

The policy rules on each notice under the order's lock; this module carries the rulings out. Notifies and answers to
queries take the same way. It knows no channel and no signature.

Facts: alipay/notify-duties
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from reference_gateway.channels.port import TradeReport
from reference_gateway.domain.accounts import returns_account
from reference_gateway.domain.events import event_row
from reference_gateway.domain.notice import PAYOUT_TOLD, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import changed, record
from reference_gateway.domain.records import (
    InboxRow,
    OutboxRow,
    Posting,
    Transition,
    app_account,
    channel_account,
)
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import ORDER_STEPS, OrderEvent, Verdict
from reference_gateway.domain.tries import number_of_try, order_and_try
from reference_gateway.errors import ChannelOutcomeUnknown
from reference_gateway.service.orders.progress import ring_for
from reference_gateway.service.orders.purposes import Purpose
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.store.group_commit import GroupCommit


@record
class Arrival:
    """A verified notice with its raw body (None when a query asked), or a body refused for *refused_code*."""

    channel: str
    notice: Notice | None
    body: bytes | None
    dedupe_key: str
    refused_code: str = ""


Settlements = GroupCommit[str, Arrival, Judgement]


def settlements(runtime: Runtime) -> Settlements:
    """Make the committer of settlements; its keys come from the policy."""

    async def apply(batch: Mapping[str, Arrival]) -> Mapping[str, Judgement]:
        now = runtime.clock.now()
        async with runtime.units() as unit:
            numbers = {arrival.notice.out_trade_no for arrival in batch.values() if arrival.notice is not None}
            orders = {order_and_try(number)[0] for number in numbers}
            payments = await unit.lock_payments(orders) if orders else {}
            plan = _Plan(runtime, payments, now, unopened=await _unopened(unit, numbers, payments))
            judgements = {key: plan.take(arrival) for key, arrival in batch.items()}
            await plan.write(unit)
            runtime.crash_point("notify.before_commit")
            await unit.commit()
        plan.ring()
        plan.count()
        return judgements

    return GroupCommit(apply, pace_s=runtime.units.pace_s, observe=runtime.metrics.batch("settlement"))


async def _unopened(unit: UnitOfWork, numbers: Iterable[str], payments: Mapping[str, Payment]) -> frozenset[str]:
    """
    Find the numbers of tries that were never begun.

    They look like ours, and whoever tells of them tells of somebody else's order.
    """
    found = set()
    for number in numbers:
        order, try_no = order_and_try(number)
        payment = payments.get(order)
        if try_no > 1 and payment is not None:
            begun = {attempt.try_no for attempt in await unit.attempts(payment.id)}
            found |= {number} - {number_of_try(order, one) for one in begun}
    return frozenset(found)


async def settle_report(settlements: Settlements, payment: Payment, report: TradeReport) -> Judgement:
    """Settle what a channel answered about a trade that was paid."""
    if report.amount_fen is None:
        raise ChannelOutcomeUnknown("paid, but no amount was told")
    notice = Notice(
        channel=payment.channel,
        notify_id="",
        kind=NoticeKind.PAID,
        out_trade_no=payment.channel_no,
        channel_trade_no=report.channel_trade_no,
        amount_fen=report.amount_fen,
        paid_at=report.paid_at,
    )
    return await settlements.submit(f"query:{payment.channel_no}", Arrival(payment.channel, notice, None, ""))


class _Plan:
    """What a batch will write; built without waiting, written in the store's order of statements."""

    def __init__(
        self, runtime: Runtime, payments: dict[str, Payment], now: datetime, *, unopened: frozenset[str]
    ) -> None:
        self._runtime = runtime
        self._now = now
        self._unopened = unopened
        self._payments = payments
        self._changed: dict[str, Payment] = {}
        self._hurried: list[str] = []
        self._hurried_payouts: list[str] = []
        self._refunds: list[Refund] = []
        self._seconds: dict[str, tuple[Refund, Posting]] = {}
        self._transitions: list[Transition] = []
        self._inbox: list[InboxRow] = []
        self._postings: list[Posting] = []
        self._events: dict[str, OutboxRow] = {}
        self._paid: list[str] = []

    def take(self, arrival: Arrival) -> Judgement:
        """Rule on one arrival and plan what follows."""
        notice = arrival.notice
        if notice is not None and notice.kind is NoticeKind.PAID_OUT:
            judgement = PAYOUT_TOLD
            self._hurried_payouts.append(notice.out_trade_no)
        elif notice is None:
            judgement = Judgement(Ruling.REFUSE, arrival.refused_code)
        else:
            payment = self._payments.get(order_and_try(notice.out_trade_no)[0])
            payment = None if notice.out_trade_no in self._unopened else payment
            judgement = self._runtime.policy.judge(notice, payment)
            if payment is not None:
                self._carry_out(notice, payment, judgement)
        self._remember(arrival, judgement)
        return judgement

    def _carry_out(self, notice: Notice, payment: Payment, judgement: Judgement) -> None:
        if judgement.ruling is Ruling.BOOK:
            self._book(notice, payment, judgement)
        elif judgement.ruling is Ruling.GIVE_BACK:
            self._return_second(notice, payment)
        elif judgement.ruling is Ruling.NUDGE and notice.kind is NoticeKind.REFUNDED:
            self._hurried.append(notice.refund_no)
        elif judgement.ruling is Ruling.NUDGE and payment.poll_at is not None:
            self._change(changed(payment, poll_at=self._now))

    def _book(self, notice: Notice, payment: Payment, judgement: Judgement) -> None:
        step = ORDER_STEPS[payment.status, OrderEvent.PAY]
        after = changed(
            payment,
            status=step.to,
            channel_trade_no=notice.channel_trade_no,
            try_no=order_and_try(notice.out_trade_no)[1],
            paid_at=payment.paid_at or notice.paid_at or self._now,
            poll_at=None,
            end_at=self._looked_at_again(payment) if step.verdict is Verdict.MOVE else None,
            auth_code=None,
        )
        if step.verdict is not Verdict.REPEAT:
            self._transitions.append(self._transition(payment, after, step.verdict))
        if step.verdict is Verdict.LATE:
            after = self._give_back(after)
        else:
            event = event_row(self._runtime.ids.new("ev"), "payment.paid", payment=after, at=self._now)
            self._events[judgement.posting_key] = event
        if step.verdict is Verdict.MOVE:
            self._paid.append(payment.out_trade_no)
        self._change(after)
        self._postings.append(
            Posting(
                self._runtime.ids.new("lt"),
                judgement.posting_key,
                "payment",
                payment.id,
                None,
                channel_account(payment.channel),
                app_account(payment.app_id),
                judgement.credit_fen,
                self._now,
            )
        )

    def _looked_at_again(self, payment: Payment) -> datetime | None:
        """
        Tell when an order that is paid now is looked at once more: its merchant wanted it ended, and a reversal may be
        on its way whose answer nobody lives to hear; or its buyer may pay it under another number as well.
        """
        if payment.end_event is not None and payment.end_at is not None:
            return payment.end_at
        return self._others_over_at(payment)

    def _others_over_at(self, payment: Payment) -> datetime | None:
        """When an order's other numbers can be paid no more: they are asked about then, for a notify may be lost."""
        if payment.try_no == 1:
            return None
        return payment.expires_at + timedelta(seconds=self._runtime.rules.close_grace_s)

    def _transition(self, before: Payment, after: Payment, verdict: Verdict) -> Transition:
        return Transition(
            "payment",
            before.id,
            before.status.value,
            OrderEvent.PAY.value,
            after.status.value,
            verdict is Verdict.MOVE,
            "" if verdict is Verdict.MOVE else "paid after the end; refunded automatically",
            self._now,
        )

    def _give_back(self, payment: Payment) -> Payment:
        """Plan the refund of a payment that came after its order had ended."""
        refund = Refund(
            id=self._runtime.ids.new("re"),
            payment_id=payment.id,
            app_id=payment.app_id,
            merchant_refund_no=f"late-{payment.id}",
            out_request_no=self._runtime.ids.new("R"),
            amount_fen=payment.refundable_fen,
            reason="paid after the order had ended",
            created_at=self._now,
            poll_at=self._now,
        )
        self._refunds.append(refund)
        return changed(payment, reserved_fen=payment.amount_fen)

    def _return_second(self, notice: Notice, payment: Payment) -> None:
        """Plan the way back of a second payment of the order; the app is not credited and hears nothing of it."""
        number = notice.out_trade_no
        refund = Refund(
            id=self._runtime.ids.new("re"),
            payment_id=payment.id,
            app_id=payment.app_id,
            merchant_refund_no=f"double-{number}",
            out_request_no=self._runtime.ids.new("R"),
            amount_fen=payment.amount_fen,
            reason="the order was paid twice",
            created_at=self._now,
            poll_at=self._now,
            try_no=order_and_try(number)[1],
        )
        debit, credit = channel_account(payment.channel), returns_account(payment.app_id)
        key, new = f"double:{number}", self._runtime.ids.new
        posting = Posting(new("lt"), key, "double", payment.id, None, debit, credit, payment.amount_fen, self._now)
        self._seconds[number] = (refund, posting)

    def _change(self, payment: Payment) -> None:
        self._payments[payment.out_trade_no] = payment
        self._changed[payment.out_trade_no] = payment

    def _remember(self, arrival: Arrival, judgement: Judgement) -> None:
        if arrival.body is None:
            return
        refused = judgement.ruling is Ruling.REFUSE
        notice = arrival.notice
        self._inbox.append(
            InboxRow(
                arrival.channel,
                f"refused:{arrival.dedupe_key}" if refused or notice is None else f"id:{notice.notify_id}",
                "" if notice is None else notice.notify_id,
                "" if notice is None else notice.out_trade_no,
                judgement.code,
                arrival.body,
                self._now,
            )
        )

    async def write(self, unit: UnitOfWork) -> None:
        """Write the plan; an event goes out only if its posting was new."""
        if self._hurried:
            await unit.hurry_refunds(self._hurried, self._now)
        for refund in self._refunds:
            await unit.insert_refund(refund)
        await self._write_seconds(unit)
        if self._inbox:
            await unit.record_inbox(self._inbox)
        if self._transitions:
            await unit.record_transitions(self._transitions)
        if self._changed:
            await unit.save_payments(list(self._changed.values()))
        if self._paid:
            paid = [self._payments[number] for number in self._paid]
            self._postings.extend(await self._runtime.effects.paid(unit, paid))
        if self._hurried_payouts:
            await unit.hurry_payouts(self._hurried_payouts, self._now)
        if self._postings:
            posted = await unit.post(self._postings)
            events = [event for key, event in self._events.items() if key in posted]
            if events:
                await self._runtime.tell(unit, events)

    async def _write_seconds(self, unit: UnitOfWork) -> None:
        """Write what goes back of second payments, once for each; the payment's lock keeps others from it."""
        for refund, posting in self._seconds.values():
            if await unit.refund_by_no(refund.payment_id, refund.merchant_refund_no) is None:
                await unit.insert_refund(refund)
                self._postings.append(posting)

    def count(self) -> None:
        """Tell what was booked."""
        for payment in self._changed.values():
            if payment.paid_at is not None:
                self._runtime.metrics.payment(payment.channel, payment.status.value.lower())

    def ring(self) -> None:
        """Wake who has work now."""
        if self._events:
            self._runtime.outbox_bell.ring()
        if any(self._payments[number].purpose == Purpose.RED_PACKET for number in self._paid):
            self._runtime.packets_bell.ring()
        if self._hurried_payouts:
            self._runtime.payouts_bell.ring()
        if self._hurried or self._refunds or self._seconds:
            self._runtime.refunds_bell.ring()
        ring_for(self._changed.values(), self._runtime)
