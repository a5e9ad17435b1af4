"""
Turns at what only so many may do at once, in the order of asking; held back while something else matters more.

Whoever has a turn keeps it until he gives it back. Knows nothing of what is done in a turn.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turnstile:
    """
    Gives turns.

    Args:
        most: so many at once.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._held = False
        self._closed = False
        self._waiting: deque[asyncio.Future[bool]] = deque()

    def ask(self) -> asyncio.Future[bool]:
        """Return what becomes True when the turn has come, or False when none will come; it may be so already."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._give()
        return turn

    def give_back(self) -> None:
        """Let the next have the turn."""
        self._free += 1
        self._give()

    def hold(self, *, back: bool) -> None:
        """Give no turn while they are held *back*."""
        self._held = back
        self._give()

    def close(self) -> None:
        """Give no more turns: who waits for one is told so."""
        self._closed = True
        self._give()

    def _give(self) -> None:
        while self._waiting and (self._closed or (self._free and not self._held)):
            turn = self._waiting.popleft()
            if turn.done():
                continue  # nobody wants it any more
            self._free -= not self._closed
            turn.set_result(not self._closed)
