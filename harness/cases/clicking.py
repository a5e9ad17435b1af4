"""
People who click too often.
"""

from harness.cases.base import Case
from harness.cases.stage import Stage

CLICKS, ORDERS = 8, 25


async def at_once(stage: Stage) -> None:
    """Eight clicks at the same moment, for each of many orders."""
    for _ in range(ORDERS):
        order = stage.order()
        stage.mark("clicks-at-once", order)
        await stage.open(order, clicks=CLICKS)
        await stage.pay(order)


CASES = (Case(name="clicks-at-once", covers=("concurrency/clicks-at-once", "idempotency/one-trade"), play=at_once),)
