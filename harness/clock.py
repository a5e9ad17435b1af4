"""
The port through which the harness knows what time it is, and the home of the real clock.

It refuses to know about virtual time: a world that has its own clock passes it.
"""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

# By whose days the providers count.
BEIJING = timezone(timedelta(hours=8))


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> datetime:
        """
        The present moment, aware, in UTC.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """
        Come back after *seconds* of this clock.
        """
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the home of the real clock

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251 - the home of the real clock
