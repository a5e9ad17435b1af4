"""
A line of those who wait for the same thing, and how long whoever joined it now would wait.

Where a crowd waits, the rate at which it thins out tells; a few who wait say nothing about how many could be served at
once. Where too few have left lately, because the line is new or stands still, it is as long as its first has waited
already. Knows neither what is waited for nor what wait is too long.
"""

from __future__ import annotations

import asyncio
import math

MEMORY_S = 10.0
"""After that time a third of what a line saw still counts: longer than any one commit, shorter than a spike's ebb."""


class Line:
    """
    Who waits, in the order in which they came.

    Args:
        crowd: more than so many are a crowd, until a quarter of that is left; its rate is believed when so many have
            left it lately.

    `thins_out` tells whether a crowd waits, or what is left of one.
    """

    def __init__(self, *, crowd: int) -> None:
        self._crowd = crowd
        self._since_s: dict[object, float] = {}
        self.thins_out = False
        self._still = False
        self._seen_s = 0.0
        self._crowded_s = 0.0
        self._left = 0.0

    def __len__(self) -> int:
        return len(self._since_s)

    @property
    def crowded(self) -> bool:
        """Whether more wait than could all be served at once."""
        return len(self._since_s) > self._crowd

    def join(self, who: object) -> None:
        now_s = self._look()
        self._since_s[who] = now_s
        self.thins_out = self.thins_out or self.crowded

    def leave(self, who: object) -> None:
        """Let *who* go, served or not; who is not in line is no mistake."""
        if who not in self._since_s:
            return
        self._look()
        self._left += self.thins_out
        del self._since_s[who]
        self.thins_out = self.thins_out and len(self._since_s) > self._crowd // 4

    def stand(self, *, still: bool) -> None:
        """Let nobody's time count while everybody is kept back on purpose: it tells nothing about the rate after."""
        self._look()
        self._still = still

    def wait_s(self) -> float:
        """Tell how long a newcomer would wait, in seconds; 0 where nobody does."""
        if not self._since_s:
            return 0.0
        now_s = self._look()
        if self.crowded and self._left >= self._crowd:
            return len(self._since_s) * self._crowded_s / self._left
        return now_s - next(iter(self._since_s.values()))

    def _look(self) -> float:
        """Bring what is remembered up to now."""
        now_s = asyncio.get_running_loop().time()
        if now_s == self._seen_s:  # the loop's clock stands still within a turn, and a turn may serve many
            return now_s
        passed_s, self._seen_s = now_s - self._seen_s, now_s
        fades = math.exp(-passed_s / MEMORY_S)
        self._left *= fades
        self._crowded_s *= fades
        if self.thins_out and not self._still:
            self._crowded_s += passed_s
        return now_s
