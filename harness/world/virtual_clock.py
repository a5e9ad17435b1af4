"""
Wall time for in-process worlds: a base moment plus the running loop's time.

It satisfies the Clock port of every room. It refuses to keep time of its own, so that timers, timeouts and stamps can
never disagree except by the skew that was asked for.
"""

import asyncio
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """
    A clock of one process of the world.

    Args:
        base: the aware moment at which the loop's time is 0.
        skew: how far this process's clock is off; two processes of a world may differ.
        loop: the loop to read, by default the one that runs when the clock is asked.
    """

    def __init__(
        self, base: datetime, *, skew: timedelta = timedelta(0), loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        if base.tzinfo is None:
            raise ValueError("the base of a clock must be aware")
        self.base = base.astimezone(UTC)
        self.skew = skew
        self._loop = loop

    def now(self) -> datetime:
        """
        The present moment, aware, in UTC.
        """
        loop = self._loop if self._loop is not None else asyncio.get_running_loop()
        return self.base + self.skew + timedelta(seconds=loop.time())

    async def sleep(self, seconds: float) -> None:
        """
        Come back after *seconds* of loop time.
        """
        await asyncio.sleep(seconds)  # noqa: TID251 - under a VirtualLoop this is virtual time itself
