"""
Bursts: more orders, notifies and refunds at the same moment than anybody can do.

The reference gateway gets small bounds for them, so that it has to refuse some.
"""

import asyncio
from collections.abc import Mapping

from harness.cases.base import Case, Play
from harness.cases.stage import Order, Stage
from harness.sut.contract import Ability
from harness.world.base import Move

BURST, COPIES = 60, 4
BOUNDS: Mapping[str, int] = {"calls_max": 4, "waited_max": 8, "admitted_max": 24}


async def _paid_for(stage: Stage, orders: list[Order]) -> None:
    """Whoever has an order pays for it, when it can be paid."""
    for order in orders:
        if order.payment is not None:
            await stage.open(order, clicks=0)
            await stage.act(order)
    await stage.advance(0)


async def burst(stage: Stage) -> None:
    """Sixty orders at once; half of those that are turned away come again later, half go home."""
    orders = [stage.order(990 + number) for number in range(BURST)]
    stage.mark("spike", *orders)
    await asyncio.gather(*(stage.ask(order) for order in orders))
    await stage.advance(60)
    for order in [one for one in orders if one.payment is None][::2]:
        await stage.ask(order)
    await _paid_for(stage, orders)


async def copies(stage: Stage) -> None:
    """Twenty orders, each asked for four times, all at once; whoever was turned away asks again."""
    orders = [stage.order() for _ in range(BURST // 3)]
    stage.mark("spike-copies", *orders)
    await asyncio.gather(*(stage.ask(order) for order in orders for _ in range(COPIES)))
    await stage.advance(60)
    for order in orders:
        await stage.ask(order)
    await _paid_for(stage, orders)


async def slow_provider(stage: Stage) -> None:
    """The provider takes its time over every opening."""
    orders = [stage.order() for _ in range(BURST // 3)]
    stage.mark("spike-slow", *orders)
    for order in orders:
        await stage.strike(order, "delay", on="reply", seconds=3)
    await asyncio.gather(*(stage.ask(order) for order in orders))
    await stage.advance(60)
    await _paid_for(stage, orders)


async def killed(stage: Stage) -> None:
    """The gateway dies in the middle of a burst, a few times."""
    for turns in (10, 25, 40, 60):
        orders = [stage.order() for _ in range(BURST // 6)]
        stage.mark("spike-killed", *orders)
        # One has its answer before, so that something was accepted however slow the gateway is.
        await stage.ask(orders[0])
        await asyncio.gather(*(stage.ask(order) for order in orders[1:]), _die(stage, turns))
        await _paid_for(stage, orders)


async def _die(stage: Stage, turns: int) -> None:
    await stage.kill(turns=turns)
    await stage.restart()


async def notifies(stage: Stage) -> None:
    """Forty buyers pay at once, and each notify comes twice at once."""

    async def prepare(order: Order) -> None:
        await stage.strike(order, "duplicate", copies=1, concurrent=True)

    await stage.crowd(40, stage.act, mark="spike-notifies", prepare=prepare)


async def refunds(stage: Stage) -> None:
    """Twenty payments go back at once, in part, each asked for twice."""
    orders = [await stage.opened() for _ in range(20)]
    for order in orders:
        await stage.act(order)
    await stage.advance(0)
    stage.mark("spike-refunds", *orders)
    await asyncio.gather(*(stage.refund(order, 400, times=2) for order in orders))


async def platform_told(stage: Stage) -> None:
    """Thirty buyers pay at once, and the platform refuses the first ten news."""
    stage.world.sink.refuse_next(10)
    await stage.crowd(30, stage.act, mark="spike-told")
    await stage.advance(300)


def _case(name: str, play: Play, *covers: str, needs: frozenset[Ability] = frozenset(), bounds: bool = False) -> Case:
    return Case(
        name=f"spike-{name}",
        covers=tuple(f"spike/{one}" for one in covers),
        play=play,
        needs=frozenset({Ability.CREATE}) | needs,
        bounds=BOUNDS if bounds else {},
    )


CASES = (
    _case(
        "burst", burst, "accepted-kept", "refused-nowhere", "refused-again", "no-server-error", "says-when", bounds=True
    ),
    _case("copies", copies, "one-payment", bounds=True),
    _case("slow-provider", slow_provider, "slow-provider"),
    Case(
        name="spike-killed",
        covers=("spike/killed",),
        play=killed,
        moves=frozenset({Move.KILL_GATEWAY, Move.RESTART_GATEWAY}),
    ),
    _case("notifies", notifies, "notifies"),
    _case("refunds", refunds, "refunds", needs=frozenset({Ability.REFUND})),
    _case("platform-told", platform_told, "platform-told", needs=frozenset({Ability.WEBHOOKS})),
)
