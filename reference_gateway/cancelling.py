"""
Passes on a cancellation that a library lost.

Before Python 3.12 `asyncio.wait_for` drops a cancellation that comes in the moment in which its own work ends, and the
Redis client writes with it. Whoever may be told to stop while it speaks to Redis looks here afterwards, or it would
never hear of it.
"""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """
    Say once more what this task may have been kept from hearing. Tidying up after a cancellation does not ask.

    Raises:
        CancelledError: this task was told to stop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
