"""
Payments that are told in another way than most: with a coupon in them, or as finished, once or from the first.
"""

from typing import Any

from harness.cases.base import Case, Play
from harness.cases.stage import Stage
from harness.catalog.money import COUPONS
from harness.catalog.notify import FINISHING, FLAWING

HOUR_S = 3_600.0
ALWAYS = 1_000_000


def told(fault: str, **settings: Any) -> Play:
    """
    Notifies and answers tell a payment so; then another one, of which no notify comes.
    """

    async def play(stage: Stage) -> None:
        for heard in (True, False):
            order = await stage.opened()
            await stage.strike(order, fault, **settings)
            await stage.strike(order, fault, on="query", first=ALWAYS, **settings)
            if not heard:
                await stage.strike(order, "drop_all")
            await stage.pay(order)
            await stage.sync(order)
        await stage.advance(2 * HOUR_S)

    return play


async def finished_later(stage: Stage) -> None:
    """A payment is told as made, and an hour later, as an event of its own, as finished."""
    order = await stage.opened()
    await stage.strike(order, "says_finished", after_s=HOUR_S)
    await stage.pay(order)
    await stage.advance(2 * HOUR_S)


CASES = (
    Case(name="by-coupon", covers=("money/paid-by-coupon",), play=told("coupon", off_fen=100), channels=COUPONS),
    Case(name="flawed-success", covers=("notify/flawed-success",), play=told("says_flawed"), channels=FLAWING),
    Case(name="finished", covers=("notify/finished-is-paid",), play=told("says_finished"), channels=FINISHING),
    Case(name="finished-later", covers=("notify/finished-later",), play=finished_later, channels=FINISHING),
)
