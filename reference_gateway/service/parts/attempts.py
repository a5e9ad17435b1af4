"""What the store keeps of attempts: one row for each channel and try at which a payment was opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reference_gateway.domain.attempt import Attempt


class AttemptsPart(Protocol):
    """Attempts; they change only under the lock of their payment."""

    async def insert_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Insert what is new by payment, channel and try."""
        ...

    async def save_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Write status, failure and time of change."""
        ...

    async def attempts(self, payment_id: str) -> list[Attempt]:
        """Return a payment's attempts, oldest first."""
        ...
