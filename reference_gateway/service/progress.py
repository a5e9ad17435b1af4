"""
Write down how the opening of payments goes on: opened, lost, refused, asked again later, closed.

One committer for all of it. A late answer never takes a payment back: the row is read again under its lock, and moves
only as the tables allow.

Facts: alipay/unknown-outcome
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Transition
from reference_gateway.domain.transitions import (
    ATTEMPT_STEPS,
    ORDER_STEPS,
    AttemptEvent,
    AttemptStatus,
    OrderEvent,
    PaymentStatus,
    Verdict,
)
from reference_gateway.service.runtime import Runtime
from reference_gateway.store.group_commit import GroupCommit


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """
    What was learnt: an attempt's event, the end of the order, or (neither) that it is to be asked again later.

    Compared by identity: each is written down for itself.
    """

    out_trade_no: str
    attempt: AttemptEvent | None = None
    close: bool = False
    pay_params: Mapping[str, str] | None = None
    failure_code: str | None = None


ProgressCommits = GroupCommit[Progress, Progress, Payment]

_ENDED = (PaymentStatus.CLOSED, PaymentStatus.CANCELLED)
_UNANSWERED = (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN)


def progress_commits(runtime: Runtime) -> ProgressCommits:
    """Make the committer of progress; the key is the progress itself."""

    async def apply(batch: Mapping[Progress, Progress]) -> Mapping[Progress, Payment]:
        now = runtime.clock.now()
        async with runtime.units() as unit:
            payments = await unit.lock_payments({progress.out_trade_no for progress in batch})
            pending = {number for number, payment in payments.items() if payment.status is PaymentStatus.PENDING}
            transitions: list[Transition] = []
            for progress in batch:
                before = payments[progress.out_trade_no]
                payments[progress.out_trade_no] = _advance(before, progress, runtime, now, transitions)
            await unit.save_payments(list(payments.values()))
            if transitions:
                await unit.record_transitions(transitions)
            ended = [payments[number] for number in pending if payments[number].status in _ENDED]
            if ended:
                postings = await runtime.effects.ended(unit, ended)
                if postings:
                    await unit.post(postings)
            await unit.commit()
        for progress in batch:
            if progress.attempt is not None:
                payment = payments[progress.out_trade_no]
                runtime.metrics.payment(payment.channel, payment.attempt.value.lower())
        runtime.polls_bell.ring()
        return {progress: payments[progress.out_trade_no] for progress in batch}

    return GroupCommit(apply, observe=runtime.metrics.batch("progress"))


def _advance(
    payment: Payment, progress: Progress, runtime: Runtime, now: datetime, transitions: list[Transition]
) -> Payment:
    close = progress.close
    if progress.attempt is not None:
        step = ATTEMPT_STEPS[payment.attempt, progress.attempt]
        transitions.extend(_attempt_transitions(payment, progress, step.verdict, now))
        if step.verdict is Verdict.MOVE:
            payment = replace(
                payment,
                attempt=step.to,
                pay_params=payment.pay_params if progress.pay_params is None else progress.pay_params,
                auth_code=payment.auth_code if step.to in _UNANSWERED else None,
                failure_code=progress.failure_code or payment.failure_code,
                poll_rung=0,
            )
            close = close or progress.attempt is AttemptEvent.REFUSE
    if close:
        payment = _close(payment, progress, now, transitions)
    if payment.status is PaymentStatus.PENDING:
        poll_at = runtime.rules.poll_at(now, payment.poll_rung)
        return replace(payment, poll_at=poll_at, poll_rung=payment.poll_rung + 1)
    return replace(payment, poll_at=None)


def _attempt_transitions(payment: Payment, progress: Progress, verdict: Verdict, now: datetime) -> list[Transition]:
    if progress.attempt is None or verdict is Verdict.REPEAT:
        return []
    step = ATTEMPT_STEPS[payment.attempt, progress.attempt]
    return [
        Transition(
            "attempt",
            payment.id,
            payment.attempt.value,
            progress.attempt.value,
            step.to.value,
            verdict is Verdict.MOVE,
            progress.failure_code or "",
            now,
        )
    ]


def _close(payment: Payment, progress: Progress, now: datetime, transitions: list[Transition]) -> Payment:
    step = ORDER_STEPS[payment.status, OrderEvent.CLOSE]
    if step.verdict is not Verdict.REPEAT:
        transitions.append(
            Transition(
                "payment",
                payment.id,
                payment.status.value,
                OrderEvent.CLOSE.value,
                step.to.value,
                step.verdict is Verdict.MOVE,
                progress.failure_code or "",
                now,
            )
        )
    return replace(payment, status=step.to) if step.verdict is Verdict.MOVE else payment
