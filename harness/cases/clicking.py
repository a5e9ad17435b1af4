"""
People who click too often.
"""

import asyncio

from harness.cases.base import Case
from harness.cases.stage import Order, Stage

CLICKS, ORDERS = 8, 25


async def at_once(stage: Stage) -> None:
    """Eight clicks at the same moment, or one a little after the other, for each of many orders."""
    for number in range(ORDERS):
        order = stage.order()
        stage.mark("clicks-at-once", order)
        await asyncio.gather(*(_click(stage, order, turns=click * number) for click in range(CLICKS)))
        await stage.open(order, clicks=0)
        await stage.pay(order)


async def _click(stage: Stage, order: Order, *, turns: int) -> None:
    for _ in range(turns):
        await stage.world.clock.sleep(0)
    await stage.ask(order)


CASES = (Case(name="clicks-at-once", covers=("concurrency/clicks-at-once", "idempotency/one-trade"), play=at_once),)
