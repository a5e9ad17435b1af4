"""
A payout: money of ours sent to somebody's account at a channel; here a claimed share of a red packet.

One row each, its number at the channel constant for ever: an outcome that is not known is asked about under that
number, and never sent again under another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.money import Fen
from reference_gateway.domain.transitions import PayoutStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """`payment_id` is the payment that the money once came from; `poll_at` is None once the outcome is known."""

    id: str
    app_id: str
    merchant_payout_no: str
    out_payout_no: str
    payment_id: str
    packet_id: str
    claimant: str
    channel: str
    account: str
    account_name: str | None
    amount_fen: Fen
    created_at: datetime
    status: PayoutStatus = PayoutStatus.REQUESTED
    failure_code: str | None = None
    channel_payout_no: str | None = None
    finished_at: datetime | None = None
    poll_at: datetime | None = None
    poll_rung: int = 0
