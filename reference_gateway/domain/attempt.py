"""
An attempt: one opening of a payment at one channel under one number, and why that channel was taken.

A payment has one for each channel and number that was tried. The row is there before the channel is called, and
follows the table of attempts; the payment's own `attempt` is the state of its latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reference_gateway.domain.record import named_record
from reference_gateway.domain.transitions import AttemptStatus


@named_record
class Attempt:
    """*choice* explains why this channel was taken, in words and weights that people can read."""

    payment_id: str
    channel: str
    product: str
    choice: Mapping[str, object]
    created_at: datetime
    try_no: int = 1
    status: AttemptStatus = AttemptStatus.REQUESTED
    failure_code: str | None = None
    changed_at: datetime | None = None
