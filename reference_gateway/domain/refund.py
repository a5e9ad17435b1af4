"""A refund: one row each, its number at the channel constant for ever, so that repeating the call cannot pay twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.money import Fen
from reference_gateway.domain.transitions import RefundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """
    `poll_at` is when the channel is called or asked next, None once the outcome is known.

    `try_no` is given where it gives back a second payment of the order, made under that try's number; such a refund
    takes nothing off what the order was credited.
    """

    id: str
    payment_id: str
    app_id: str
    merchant_refund_no: str
    out_request_no: str
    amount_fen: Fen
    reason: str | None
    created_at: datetime
    status: RefundStatus = RefundStatus.REQUESTED
    failure_code: str | None = None
    channel_refund_no: str | None = None
    finished_at: datetime | None = None
    poll_at: datetime | None = None
    poll_rung: int = 0
    try_no: int | None = None
