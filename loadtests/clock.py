"""
Real time, as a load generator needs it: one that only runs forwards, and the wall clock that signatures want.
"""

import asyncio
import time


def moment_s() -> float:
    """
    A clock that only runs forwards, the same for every process of a machine.
    """
    return time.monotonic()


def wall_s() -> float:
    """
    Seconds since the epoch.
    """
    return time.time()  # noqa: TID251 - the home of the real clock


def cpu_s() -> float:
    """
    Processor time of this process.
    """
    return time.process_time()


async def wait(seconds: float) -> None:
    """
    Come back after *seconds*, in a generator that runs on asyncio.
    """
    await asyncio.sleep(seconds)  # noqa: TID251 - the home of the real clock
