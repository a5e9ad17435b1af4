"""When each kind of background work is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NextDue:
    """None means never, as things stand."""

    polls: datetime | None = None
    refunds: datetime | None = None
    ends: datetime | None = None
    outbox: datetime | None = None
    folds: datetime | None = None
    packets: datetime | None = None
    payouts: datetime | None = None
