"""
Keeps what is done again and again a moment apart, so that more comes together for each time.

Who has not done it for that long never waits.
"""

from __future__ import annotations

import asyncio


class Pace:
    """Turns that begin at least *apart_s* after each other, in the event loop's time; 0 is no pace at all."""

    def __init__(self, apart_s: float) -> None:
        self._apart_s = apart_s
        self._next_s = 0.0

    async def turn(self, *, at_once: bool = False) -> None:
        """Wait for the next turn, or take it *at_once*."""
        if not self._apart_s:
            return
        loop = asyncio.get_running_loop()
        early_s = self._next_s - loop.time()
        if early_s > 0 and not at_once:
            turn: asyncio.Future[None] = loop.create_future()
            timer = loop.call_later(early_s, turn.set_result, None)
            try:
                await turn
            finally:
                timer.cancel()
        self._next_s = loop.time() + self._apart_s
