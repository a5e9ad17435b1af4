"""
Back-pressure: how many payments may be on their way between admission and the end of their first channel call.

Below the first bound a caller is kept for the channel's answer. Above it everybody is told to come back (202), above
the second nobody new is let in (429): those who were, are served. A place in here is no promise; the committed row is,
and what gives its place up is picked up by the poller.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reference_gateway.errors import TooBusy
from reference_gateway.metrics import Metrics

RETRY_AFTER_S_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    Args:
        calls_max: opening calls to channels at once.
        waited_max: payments on their way up to which callers are kept for the answer.
        admitted_max: payments on their way above which new ones are refused.
    """

    calls_max: int
    waited_max: int
    admitted_max: int


USUAL_BOUNDS = Bounds(calls_max=256, waited_max=512, admitted_max=4096)


class Pressure:
    """Counts places between admission and the end of the first call, and lets calls take turns."""

    def __init__(self, bounds: Bounds, metrics: Metrics) -> None:
        self._bounds = bounds
        self._metrics = metrics
        self._turns = asyncio.Semaphore(bounds.calls_max)
        self._closing = asyncio.Event()
        self._taken = 0
        self._done = 0
        self._done_since_s: float | None = None
        metrics.queue(lambda: self._taken)

    @property
    def high(self) -> bool:
        """Whether callers are no longer kept."""
        return self._taken > self._bounds.waited_max

    @property
    def load(self) -> float:
        """Tell how much of what can be done at once is being done; above 1 something waits."""
        return self._taken / self._bounds.calls_max

    def enter(self) -> None:
        """
        Take a place; who has one leaves it.

        Raises:
            TooBusy: there is none; it says when to come again.
        """
        if self._taken >= self._bounds.admitted_max:
            self._metrics.turned_away("queue_full")
            raise TooBusy(retry_after_s=self._retry_after_s())
        self._taken += 1

    def leave(self) -> None:
        """Give the place back."""
        self._taken -= 1
        self._done += 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait for a turn; False when the gateway is stopping and none will come."""
        if self._closing.is_set():
            yield False
            return
        due_s = asyncio.get_running_loop().time()
        if not await self._acquired():
            yield False
            return
        try:
            self._metrics.began("opening", late_s=asyncio.get_running_loop().time() - due_s)
            yield True
        finally:
            self._turns.release()

    def close(self) -> None:
        """Give no more turns: who waits for one leaves his payment to the poller of whoever is alive."""
        self._closing.set()

    async def _acquired(self) -> bool:
        if not self._turns.locked():
            return await self._turns.acquire()
        turn = asyncio.ensure_future(self._turns.acquire())
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({turn, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            if not turn.done():
                turn.cancel()
        return turn.done() and not turn.cancelled()

    def _retry_after_s(self) -> int:
        """Guess when there will be room: as long as the last places took to become free, within reason."""
        now_s = asyncio.get_running_loop().time()
        if self._done_since_s is None or self._done == 0:
            self._done_since_s, self._done = now_s, 0
            return 1
        freed_per_s = self._done / max(now_s - self._done_since_s, 1e-3)
        if now_s - self._done_since_s > RETRY_AFTER_S_MAX:
            self._done_since_s, self._done = now_s, 0
        surplus = self._taken - self._bounds.waited_max
        return max(1, min(RETRY_AFTER_S_MAX, math.ceil(surplus / freed_per_s)))
