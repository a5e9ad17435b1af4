"""Attempts in memory: a part of the unit of work. They change only under the lock of their payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reference_gateway.domain.attempt import Attempt
from reference_gateway.store.memory_state import Changes, MemoryState


class MemoryAttempts:
    """Attempts."""

    _changes: Changes
    _state: MemoryState

    async def _point(self, place: str) -> None:
        raise NotImplementedError

    async def insert_attempts(self, attempts: Sequence[Attempt]) -> None:
        await self._point("insert_attempts")
        for attempt in attempts:
            key = (attempt.payment_id, attempt.channel, attempt.try_no)
            if key not in self._state.attempts:
                self._changes.attempts.setdefault(key, attempt)

    async def save_attempts(self, attempts: Sequence[Attempt]) -> None:
        await self._point("save_attempts")
        for attempt in attempts:
            key = (attempt.payment_id, attempt.channel, attempt.try_no)
            known = self._changes.attempts.get(key) or self._state.attempts.get(key)
            if known is not None:
                self._changes.attempts[key] = replace(
                    known,
                    status=attempt.status,
                    failure_code=attempt.failure_code,
                    changed_at=attempt.changed_at,
                )

    async def attempts(self, payment_id: str) -> list[Attempt]:
        await self._point("attempts")
        found = {**self._state.attempts, **self._changes.attempts}
        return sorted((a for a in found.values() if a.payment_id == payment_id), key=lambda a: (a.created_at, a.try_no))
