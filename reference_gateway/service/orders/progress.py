"""
Write down how the opening and the ending of payments go on: opened, lost, refused, ended, to be asked again later.

One committer for all of it. A late answer never takes a payment back: the row is read again under its lock, and moves
only as the tables allow.

Facts: alipay/unknown-outcome
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.events import event_row
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import changed
from reference_gateway.domain.records import OutboxRow, Transition
from reference_gateway.domain.transitions import (
    ATTEMPT_STEPS,
    ENDED,
    ORDER_STEPS,
    AttemptEvent,
    AttemptStatus,
    OrderEvent,
    PaymentStatus,
    Verdict,
)
from reference_gateway.domain.tries import TRIES_MAX, number_of_try
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.store.group_commit import GroupCommit


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """
    What was learnt: an attempt's event, the end of the order, that ending it is to be tried again later or no more, or
    (none of them) that it is to be asked about again later.

    *try_no* is the try that an attempt's event is of; what is told of one that is over changes nothing. *tells*: nobody
    waits for the answer, so an event has to say that the buyer can pay now. Compared by identity: each is written down
    for itself.
    """

    out_trade_no: str
    attempt: AttemptEvent | None = None
    end: OrderEvent | None = None
    end_later: bool = False
    pay_params: Mapping[str, str] | None = None
    failure_code: str | None = None
    try_no: int = 1
    tells: bool = False
    end_over: bool = False


_WISHED = {OrderEvent.CLOSE: "closed_by_merchant", OrderEvent.CANCEL: "cancelled_by_buyer"}
_ENDED_BY = {PaymentStatus.CLOSED: OrderEvent.CLOSE, PaymentStatus.CANCELLED: OrderEvent.CANCEL}


def end_event(payment: Payment) -> OrderEvent:
    """Name what ends *payment*: what has ended it, what was wished, else its time."""
    return _ENDED_BY.get(payment.status) or payment.end_event or OrderEvent.CLOSE


def end_of(payment: Payment, *, unasked: str) -> Progress:
    """Make the progress that ends *payment*; *unasked* is the reason where nobody wished it."""
    wished = _WISHED[payment.end_event] if payment.end_event is not None else unasked
    return Progress(payment.out_trade_no, end=end_event(payment), failure_code=wished)


ProgressCommits = GroupCommit[Progress, Progress, Payment]

_UNANSWERED = (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN)


def progress_commits(runtime: Runtime) -> ProgressCommits:
    """Make the committer of progress; the key is the progress itself."""

    async def apply(batch: Mapping[Progress, Progress]) -> Mapping[Progress, Payment]:
        now = runtime.clock.now()
        async with runtime.units() as unit:
            steps = _Steps(await unit.lock_payments({progress.out_trade_no for progress in batch}), runtime, now)
            for progress in batch:
                steps.take(progress)
            await steps.write(unit)
            runtime.crash_point("progress.before_commit")
            await unit.commit()
        steps.count(batch)
        if steps.ready:
            runtime.outbox_bell.ring()
        ring_for(steps.payments.values(), runtime)
        return {progress: steps.payments[progress.out_trade_no] for progress in batch}

    return GroupCommit(apply, pace_s=runtime.units.pace_s, observe=runtime.metrics.batch("progress"))


def ring_for(payments: Collection[Payment], runtime: Runtime) -> None:
    """Wake who asks about *payments* and who ends them, if their time comes sooner than they would wake."""
    polls = [payment.poll_at for payment in payments if payment.poll_at is not None]
    ends = [payment.end_at for payment in payments if payment.end_at is not None]
    if polls:
        runtime.polls_bell.ring(min(polls))
    if ends:
        runtime.ends_bell.ring(min(ends))


def _is_wanted(payment: Payment) -> bool:
    """Tell whether the order still waits for its buyer, and nobody has given it up."""
    return payment.status is PaymentStatus.PENDING and payment.end_event is None


class _Steps:
    """What a batch moves."""

    def __init__(self, payments: dict[str, Payment], runtime: Runtime, now: datetime) -> None:
        self.payments = payments
        self._runtime = runtime
        self._now = now
        self._pending = {number for number, p in payments.items() if p.status is PaymentStatus.PENDING}
        self._transitions: list[Transition] = []
        self._attempts: dict[str, Attempt] = {}
        self._anew: list[Attempt] = []
        self.ready: list[str] = []

    def take(self, progress: Progress) -> None:
        """Move one payment as far as the tables allow."""
        payment = self.payments[progress.out_trade_no]
        end = progress.end
        if progress.attempt is not None and progress.try_no == payment.try_no:
            before = payment.attempt
            payment = self._attempted(payment, progress, progress.attempt)
            moved = payment.attempt is not before
            if progress.attempt is AttemptEvent.REFUSE and moved:
                end = OrderEvent.CLOSE
            if progress.tells and progress.pay_params and moved and _is_wanted(payment):
                self.ready.append(progress.out_trade_no)
        if end is not None:
            payment = self._ended(payment, progress, end)
        self.payments[progress.out_trade_no] = self._due_again(payment, progress)

    async def write(self, unit: UnitOfWork) -> None:
        """Write it, and let the end of orders have its effects."""
        if self._attempts:
            await unit.save_attempts(list(self._attempts.values()))
        if self._transitions:
            await unit.record_transitions(self._transitions)
        await unit.save_payments(list(self.payments.values()))
        if self._anew:
            await unit.insert_attempts(self._anew)
        if self.ready:
            await self._runtime.tell(unit, [self._told_ready(self.payments[number]) for number in self.ready])
        ended = [self.payments[number] for number in self._pending if self.payments[number].status in ENDED]
        if ended:
            postings = await self._runtime.effects.ended(unit, ended)
            if postings:
                await unit.post(postings)

    def _told_ready(self, payment: Payment) -> OutboxRow:
        return event_row(self._runtime.ids.new("ev"), "payment.ready", payment=payment, at=self._now)

    def count(self, batch: Mapping[Progress, Progress]) -> None:
        for progress in batch:
            if progress.attempt is not None:
                payment = self.payments[progress.out_trade_no]
                self._runtime.metrics.payment(payment.channel, payment.attempt.value.lower())

    def _attempted(self, payment: Payment, progress: Progress, event: AttemptEvent) -> Payment:
        if event is AttemptEvent.GIVE_UP and not self._may_be_tried_again(payment):
            event = AttemptEvent.LOSE
        step = ATTEMPT_STEPS[payment.attempt, event]
        detail = progress.failure_code or ""
        if step.verdict is not Verdict.REPEAT:
            moved = step.verdict is Verdict.MOVE
            self._transitions.append(
                Transition(
                    "attempt",
                    payment.id,
                    payment.attempt.value,
                    event.value,
                    step.to.value,
                    moved,
                    detail,
                    self._now,
                )
            )
        if step.verdict is not Verdict.MOVE:
            return payment
        self._attempts[payment.channel_no] = Attempt(
            payment_id=payment.id,
            channel=payment.channel,
            product=payment.product,
            choice={},
            created_at=payment.created_at,
            try_no=payment.try_no,
            status=step.to,
            failure_code=progress.failure_code,
            changed_at=self._now,
        )
        if step.to is AttemptStatus.LOST:
            return self._tried_again(payment)
        # Opened although the order has ended meanwhile: nobody may pay it now, so it is to be ended there as well.
        ended_late = payment.status in ENDED and step.to is AttemptStatus.OPENED
        return changed(
            payment,
            attempt=step.to,
            pay_params=payment.pay_params if progress.pay_params is None else progress.pay_params,
            auth_code=payment.auth_code if step.to in _UNANSWERED else None,
            failure_code=progress.failure_code or payment.failure_code,
            poll_rung=0,
            end_at=self._now if ended_late else payment.end_at,
        )

    def _may_be_tried_again(self, payment: Payment) -> bool:
        """Tell whether another try makes sense."""
        return _is_wanted(payment) and payment.try_no < TRIES_MAX and self._now < payment.expires_at

    def _tried_again(self, payment: Payment) -> Payment:
        """Begin the next try, under its own number."""
        try_no = payment.try_no + 1
        reason = f"nobody can be told any more how {payment.channel_no} is paid"
        choice = {"channel": payment.channel, "reason": reason, "number": number_of_try(payment.out_trade_no, try_no)}
        again = Attempt(
            payment_id=payment.id,
            channel=payment.channel,
            product=payment.product,
            choice=choice,
            created_at=self._now,
            try_no=try_no,
        )
        self._anew.append(again)
        return changed(payment, attempt=again.status, try_no=try_no, poll_rung=0)

    def _ended(self, payment: Payment, progress: Progress, event: OrderEvent) -> Payment:
        step = ORDER_STEPS[payment.status, event]
        if step.verdict is not Verdict.REPEAT:
            self._transitions.append(
                Transition(
                    "payment",
                    payment.id,
                    payment.status.value,
                    event.value,
                    step.to.value,
                    step.verdict is Verdict.MOVE,
                    progress.failure_code or "",
                    self._now,
                )
            )
        if step.verdict is Verdict.MOVE:
            failure_code = payment.failure_code or progress.failure_code
            return changed(payment, status=step.to, failure_code=failure_code, end_at=None, auth_code=None)
        return changed(payment, end_at=None)

    def _due_again(self, payment: Payment, progress: Progress) -> Payment:
        rules = self._runtime.rules
        if progress.end_over:
            return changed(payment, end_at=None)
        if progress.end_later and payment.end_at is not None:
            end_at = rules.poll_at(self._now, payment.end_rung)
            return changed(payment, end_at=end_at, end_rung=payment.end_rung + 1)
        if payment.status is not PaymentStatus.PENDING:
            return changed(payment, poll_at=None)
        poll_at = rules.next_poll_at(payment, self._now)
        return changed(payment, poll_at=poll_at, poll_rung=payment.poll_rung + 1)
