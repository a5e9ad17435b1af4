"""
What the world is told: the public shape of payments and refunds, and the events made of them.

The bytes of an event are fixed when the money moves and never built again, so every delivery carries the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import orjson

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import OutboxRow
from reference_gateway.domain.refund import Refund

EventType = Literal[
    "payment.ready", "payment.paid", "payment.shipped", "payment.completed", "refund.succeeded", "refund.failed"
]


def instant_text(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds."""
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:-6]}Z"


def payment_view(payment: Payment) -> dict[str, object]:
    """Return the payment object of the merchant API."""
    return {
        "id": payment.id,
        "merchant_order_no": payment.merchant_order_no,
        "out_trade_no": payment.channel_no,
        "channel": payment.channel,
        "product": payment.product,
        "amount_fen": payment.amount_fen,
        "currency": payment.currency,
        "subject": payment.subject,
        "buyer_id": payment.buyer_id,
        "room_id": payment.room_id,
        "attach": payment.attach,
        "purpose": payment.purpose,
        "status": payment.status.value,
        "hold_fen": payment.hold_fen,
        "refund_status": payment.refund_status,
        "refunded_fen": payment.refunded_fen,
        "channel_trade_no": payment.channel_trade_no,
        "pay_params": None if payment.pay_params is None else dict(payment.pay_params),
        "failure_code": payment.failure_code,
        "created_at": instant_text(payment.created_at),
        "paid_at": None if payment.paid_at is None else instant_text(payment.paid_at),
        "expires_at": instant_text(payment.expires_at),
    }


def attempt_view(attempt: Attempt) -> dict[str, object]:
    """Return an attempt as the merchant API shows it."""
    return {
        "channel": attempt.channel,
        "product": attempt.product,
        "status": attempt.status.value,
        "failure_code": attempt.failure_code,
        "choice": dict(attempt.choice),
        "created_at": instant_text(attempt.created_at),
        "changed_at": None if attempt.changed_at is None else instant_text(attempt.changed_at),
    }


def refund_view(refund: Refund) -> dict[str, object]:
    """Return the refund object of the merchant API."""
    return {
        "id": refund.id,
        "payment_id": refund.payment_id,
        "merchant_refund_no": refund.merchant_refund_no,
        "out_request_no": refund.out_request_no,
        "amount_fen": refund.amount_fen,
        "reason": refund.reason,
        "status": refund.status.value,
        "failure_code": refund.failure_code,
        "created_at": instant_text(refund.created_at),
    }


def event_row(
    event_id: str, kind: EventType, *, payment: Payment, at: datetime, refund: Refund | None = None
) -> OutboxRow:
    """Make the outbox row of an event about *payment*, due at once."""
    data = payment_view(payment)
    if refund is not None:
        data["refund"] = refund_view(refund)
    body = {"event_id": event_id, "type": kind, "created_at": instant_text(at), "data": data}
    payload = orjson.dumps(body)
    return OutboxRow(event_id, payment.app_id, kind, payload, at, at, subject_id=payment.id, room_id=payment.room_id)
