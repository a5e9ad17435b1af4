"""
A payment as the gateway keeps it, and what was asked for.

Immutable values: a change is a new value that the store writes. Knows nothing of channels' words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from reference_gateway.domain.money import NOTHING_FEN, Fen
from reference_gateway.domain.record import named_record
from reference_gateway.domain.transitions import AttemptStatus, OrderEvent, PaymentStatus
from reference_gateway.domain.tries import number_of_try

RefundStanding = Literal["NONE", "PROCESSING", "PARTIAL", "FULL"]


@named_record
class Payment:
    """
    One merchant order and where it stands.

    `reserved_fen` is promised to refunds under way; together with `refunded_fen` it never exceeds `amount_fen`.
    `poll_at` is when the channel is asked next, None when there is nothing left to ask; `end_at` is when the trade is
    to be ended at the channel, because of `end_event` or, without one, because its time is over. `hold_fen` is what a
    pre-authorisation froze; `amount_fen` is what is captured of it. `pay_params` are what the buyer's side needs, by
    product; `auth_code` is kept only until the channel has answered it. `try_no` is the try that is open, or that was
    paid.
    """

    id: str
    app_id: str
    merchant_order_no: str
    out_trade_no: str
    channel: str
    product: str
    amount_fen: Fen
    currency: str
    subject: str
    buyer_id: str | None
    room_id: str | None
    attach: str | None
    purpose: str | None = None
    return_url: str | None = None
    payer_id: str | None = None
    auth_code: str | None = None
    client_ip: str | None = None
    request_digest: str
    created_at: datetime
    expires_at: datetime
    status: PaymentStatus = PaymentStatus.PENDING
    attempt: AttemptStatus = AttemptStatus.REQUESTED
    failure_code: str | None = None
    refunded_fen: Fen = NOTHING_FEN
    reserved_fen: Fen = NOTHING_FEN
    channel_trade_no: str | None = None
    pay_params: Mapping[str, str] | None = None
    paid_at: datetime | None = None
    poll_at: datetime | None = None
    poll_rung: int = 0
    end_event: OrderEvent | None = None
    end_at: datetime | None = None
    end_rung: int = 0
    hold_fen: Fen | None = None
    try_no: int = 1
    seq: int = 0

    @property
    def refund_status(self) -> RefundStanding:
        """Derived, never stored."""
        if self.reserved_fen:
            return "PROCESSING"
        if not self.refunded_fen:
            return "NONE"
        return "FULL" if self.refunded_fen == self.amount_fen else "PARTIAL"

    @property
    def channel_no(self) -> str:
        """The number under which the channel knows it."""
        return number_of_try(self.out_trade_no, self.try_no)

    @property
    def refundable_fen(self) -> Fen:
        return Fen(self.amount_fen - self.refunded_fen - self.reserved_fen)
