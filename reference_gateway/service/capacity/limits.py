"""
Refuse what is asked for too often, or for too much, before anything is written.

Counted in Redis, for all instances together; while Redis is away each instance counts for itself. A limit protects, it
is not the books: what counts money to the fen is the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reference_gateway.clock import Clock
from reference_gateway.domain.limits import Limit, Tally, tallies
from reference_gateway.errors import AmountRefused, LimitReached

KEPT_MAX = 50_000


class Asked(Protocol):
    """What a request says that is counted."""

    @property
    def buyer_id(self) -> str | None: ...

    @property
    def room_id(self) -> str | None: ...

    @property
    def amount_fen(self) -> int: ...


class Counters(Protocol):
    """Counts within windows."""

    async def close(self) -> None: ...

    async def add(self, rows: Sequence[Tally]) -> list[int]:
        """Add each row's step and return what is counted now, in their order."""
        ...

    async def take_back(self, rows: Sequence[Tally]) -> None: ...


class LocalCounters:
    """Counts of this instance alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}

    async def close(self) -> None:
        """Nothing to close."""

    async def add(self, rows: Sequence[Tally]) -> list[int]:
        now_s = self._clock.now().timestamp()
        if len(self._counts) > KEPT_MAX:
            self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now_s}
        return [self._put(row, row.step, now_s) for row in rows]

    async def take_back(self, rows: Sequence[Tally]) -> None:
        now_s = self._clock.now().timestamp()
        for row in rows:
            self._put(row, -row.step, now_s)

    def _put(self, row: Tally, step: int, now_s: float) -> int:
        count = self._counts.get(row.key, (0, 0.0))[0] + step
        self._counts[row.key] = (count, now_s + row.left_s)
        return count


class Limits:
    """All limits of the gateway; *payment_fen_max* is the most that one payment may be."""

    def __init__(
        self, limits: Sequence[Limit], counters: Counters, clock: Clock, *, payment_fen_max: int | None = None
    ) -> None:
        self._limits = limits
        self._payment_fen_max = payment_fen_max
        self._counters = counters
        self._clock = clock

    async def close(self) -> None:
        await self._counters.close()

    async def pass_or_refuse(self, app_id: str, asked: Asked) -> None:
        """
        Count the request.

        Raises:
            AmountRefused: one payment may not be as much as this.
            LimitReached: by whom, and when to come again; what is refused is not counted.
        """
        if self._payment_fen_max is not None and asked.amount_fen > self._payment_fen_max:
            raise AmountRefused(f"amount_fen: one payment may have {self._payment_fen_max} fen at most")
        if not self._limits:
            return
        rows = tallies(
            self._limits,
            app_id=app_id,
            names={"buyer": asked.buyer_id, "room": asked.room_id, "app": app_id},
            fen=asked.amount_fen,
            now_s=int(self._clock.now().timestamp()),
        )
        counts = await self._counters.add(rows) if rows else []
        over = [row for row, count in zip(rows, counts, strict=True) if count > row.most]
        if not over:
            return
        await self._counters.take_back(rows)
        worst = max(over, key=lambda row: row.left_s)
        what = f"{worst.most} fen" if worst.money else f"{worst.most} payments"
        told = f"this {worst.by} may have {what} in {worst.window_s} s; come again in {worst.left_s} s"
        code = f"{worst.by}_{'amount' if worst.money else 'rate'}_limit"
        raise LimitReached(told, code=code, retry_after_s=worst.left_s)
