"""
Giving way to the event loop without sleeping.
"""

import asyncio


async def turn() -> None:
    """
    Let everything that is ready run once.
    """
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    loop.call_soon(passed.set_result, None)
    await passed
