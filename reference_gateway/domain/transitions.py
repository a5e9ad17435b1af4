"""
The four state machines as tables: order, payment attempt, refund, payout.

Every pair of state and event stands in its table, so silence is impossible. A pair is a move, a repetition without
effect, a payment that came too late (booked, then given back), or a refusal that gets recorded. The module decides;
it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    CLOSED = "CLOSED"


class OrderEvent(StrEnum):
    PAY = "pay"
    SHIP = "ship"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    CLOSE = "close"
    REFUND = "refund"


class AttemptStatus(StrEnum):
    """The call that opens the payment at the channel."""

    REQUESTED = "REQUESTED"
    OPENED = "OPENED"
    UNKNOWN = "UNKNOWN"
    REFUSED = "REFUSED"
    LOST = "LOST"


class AttemptEvent(StrEnum):
    OPEN = "open"
    LOSE = "lose"
    REFUSE = "refuse"
    GIVE_UP = "give_up"


class RefundStatus(StrEnum):
    REQUESTED = "REQUESTED"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class RefundEvent(StrEnum):
    SEND = "send"
    SUCCEED = "succeed"
    FAIL = "fail"


class PayoutStatus(StrEnum):
    REQUESTED = "REQUESTED"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class PayoutEvent(StrEnum):
    SEND = "send"
    SUCCEED = "succeed"
    FAIL = "fail"


class Verdict(StrEnum):
    MOVE = "move"
    REPEAT = "repeat"
    LATE = "late"
    REFUSE = "refuse"


StateT = TypeVar("StateT", PaymentStatus, AttemptStatus, RefundStatus, PayoutStatus)


@dataclass(frozen=True, slots=True)
class Step(Generic[StateT]):
    """What a pair of state and event leads to; *to* is the state afterwards."""

    verdict: Verdict
    to: StateT


def _total(
    states: type[StateT], events: type[StrEnum], told: Mapping[tuple[StateT, StrEnum], tuple[Verdict, StateT]]
) -> dict[tuple[StateT, StrEnum], Step[StateT]]:
    """Spell the whole product out; a pair that nobody told is a refusal that stays where it is."""
    table: dict[tuple[StateT, StrEnum], Step[StateT]] = {}
    for state in states:
        for event in events:
            verdict, target = told.get((state, event), (Verdict.REFUSE, state))
            table[state, event] = Step(verdict, target)
    return table


_P, _O = PaymentStatus, OrderEvent
ORDER_STEPS: Mapping[tuple[PaymentStatus, StrEnum], Step[PaymentStatus]] = _total(
    PaymentStatus,
    OrderEvent,
    {
        (_P.PENDING, _O.PAY): (Verdict.MOVE, _P.PAID),
        (_P.PENDING, _O.CANCEL): (Verdict.MOVE, _P.CANCELLED),
        (_P.PENDING, _O.CLOSE): (Verdict.MOVE, _P.CLOSED),
        (_P.PAID, _O.PAY): (Verdict.REPEAT, _P.PAID),
        (_P.PAID, _O.SHIP): (Verdict.MOVE, _P.SHIPPED),
        (_P.PAID, _O.REFUND): (Verdict.MOVE, _P.PAID),
        (_P.SHIPPED, _O.PAY): (Verdict.REPEAT, _P.SHIPPED),
        (_P.SHIPPED, _O.SHIP): (Verdict.REPEAT, _P.SHIPPED),
        (_P.SHIPPED, _O.CONFIRM): (Verdict.MOVE, _P.COMPLETED),
        (_P.SHIPPED, _O.REFUND): (Verdict.MOVE, _P.SHIPPED),
        (_P.COMPLETED, _O.PAY): (Verdict.REPEAT, _P.COMPLETED),
        (_P.COMPLETED, _O.SHIP): (Verdict.REPEAT, _P.COMPLETED),
        (_P.COMPLETED, _O.CONFIRM): (Verdict.REPEAT, _P.COMPLETED),
        (_P.COMPLETED, _O.REFUND): (Verdict.MOVE, _P.COMPLETED),
        (_P.CANCELLED, _O.PAY): (Verdict.LATE, _P.CANCELLED),
        (_P.CANCELLED, _O.CANCEL): (Verdict.REPEAT, _P.CANCELLED),
        (_P.CLOSED, _O.PAY): (Verdict.LATE, _P.CLOSED),
        (_P.CLOSED, _O.CLOSE): (Verdict.REPEAT, _P.CLOSED),
    },
)

ENDED = frozenset({PaymentStatus.CLOSED, PaymentStatus.CANCELLED})
"""Ended without a payment."""

_A, _E = AttemptStatus, AttemptEvent
ATTEMPT_STEPS: Mapping[tuple[AttemptStatus, StrEnum], Step[AttemptStatus]] = _total(
    AttemptStatus,
    AttemptEvent,
    {
        (_A.REQUESTED, _E.OPEN): (Verdict.MOVE, _A.OPENED),
        (_A.REQUESTED, _E.LOSE): (Verdict.MOVE, _A.UNKNOWN),
        (_A.REQUESTED, _E.REFUSE): (Verdict.MOVE, _A.REFUSED),
        (_A.UNKNOWN, _E.OPEN): (Verdict.MOVE, _A.OPENED),
        (_A.UNKNOWN, _E.LOSE): (Verdict.REPEAT, _A.UNKNOWN),
        (_A.UNKNOWN, _E.REFUSE): (Verdict.MOVE, _A.REFUSED),
        (_A.REQUESTED, _E.GIVE_UP): (Verdict.MOVE, _A.LOST),
        (_A.UNKNOWN, _E.GIVE_UP): (Verdict.MOVE, _A.LOST),
        (_A.OPENED, _E.OPEN): (Verdict.REPEAT, _A.OPENED),
        (_A.OPENED, _E.LOSE): (Verdict.REPEAT, _A.OPENED),
        (_A.REFUSED, _E.LOSE): (Verdict.REPEAT, _A.REFUSED),
        (_A.REFUSED, _E.REFUSE): (Verdict.REPEAT, _A.REFUSED),
        (_A.LOST, _E.LOSE): (Verdict.REPEAT, _A.LOST),
        (_A.LOST, _E.GIVE_UP): (Verdict.REPEAT, _A.LOST),
    },
)

_R, _F = RefundStatus, RefundEvent
REFUND_STEPS: Mapping[tuple[RefundStatus, StrEnum], Step[RefundStatus]] = _total(
    RefundStatus,
    RefundEvent,
    {
        (_R.REQUESTED, _F.SEND): (Verdict.MOVE, _R.PROCESSING),
        (_R.PROCESSING, _F.SEND): (Verdict.REPEAT, _R.PROCESSING),
        (_R.PROCESSING, _F.SUCCEED): (Verdict.MOVE, _R.SUCCEEDED),
        (_R.PROCESSING, _F.FAIL): (Verdict.MOVE, _R.FAILED),
        (_R.SUCCEEDED, _F.SUCCEED): (Verdict.REPEAT, _R.SUCCEEDED),
        (_R.FAILED, _F.FAIL): (Verdict.REPEAT, _R.FAILED),
    },
)

_Y, _G = PayoutStatus, PayoutEvent
PAYOUT_STEPS: Mapping[tuple[PayoutStatus, StrEnum], Step[PayoutStatus]] = _total(
    PayoutStatus,
    PayoutEvent,
    {
        (_Y.REQUESTED, _G.SEND): (Verdict.MOVE, _Y.PROCESSING),
        (_Y.PROCESSING, _G.SEND): (Verdict.REPEAT, _Y.PROCESSING),
        (_Y.PROCESSING, _G.SUCCEED): (Verdict.MOVE, _Y.SUCCEEDED),
        (_Y.PROCESSING, _G.FAIL): (Verdict.MOVE, _Y.FAILED),
        (_Y.SUCCEEDED, _G.SUCCEED): (Verdict.REPEAT, _Y.SUCCEEDED),
        (_Y.FAILED, _G.FAIL): (Verdict.REPEAT, _Y.FAILED),
    },
)
