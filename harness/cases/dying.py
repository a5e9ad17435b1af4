"""
The gateway is killed, and started again.
"""

import asyncio

from harness.cases.base import Case, Play
from harness.cases.stage import Stage
from harness.sut.contract import Ability
from harness.world.base import Move

MOVES = frozenset({Move.KILL_GATEWAY, Move.RESTART_GATEWAY})
MOMENTS = 45


async def while_opening(stage: Stage) -> None:
    """Somewhere between the click and the answer."""
    for turns in stage.moments(15, last=MOMENTS):
        order = stage.order()
        stage.mark("killed-while-opening", order)
        await asyncio.gather(stage.open(order), _die(stage, turns))
        await stage.open(order)
        await stage.pay(order)


async def before_paying(stage: Stage) -> None:
    """The buyer takes a while, and the gateway is another one meanwhile."""
    order = await stage.opened()
    stage.mark("killed-before-paying", order)
    await _die(stage, 0)
    await stage.pay(order)


async def around_the_notify(stage: Stage) -> None:
    """A kill at each of many moments after the buyer's click."""
    for turns in stage.moments(MOMENTS, last=MOMENTS):
        order = await stage.opened()
        stage.mark("killed-around-the-notify", order)
        await asyncio.gather(stage.act(order), _die(stage, turns))
        await stage.advance(0)


async def after_paying(stage: Stage) -> None:
    """Credited, killed, and looked at again."""
    order = await stage.opened()
    await stage.pay(order)
    await stage.look(order)
    stage.mark("killed-after-paying", order)
    await _die(stage, 0)
    await stage.look(order)


async def while_refunding(stage: Stage) -> None:
    """A kill at some moments after the merchant asked for a refund."""
    for turns in stage.moments(15, last=MOMENTS):
        order = await stage.opened()
        await stage.pay(order)
        stage.mark("killed-while-refunding", order)
        await asyncio.gather(stage.refund(order, 400), _die(stage, turns))
        await stage.refund(order, again=True)


async def platform_still_told(stage: Stage) -> None:
    """The platform refuses the news, and the gateway dies with it."""
    order = await stage.opened()
    stage.world.sink.refuse_next(1)
    await stage.pay(order)
    stage.mark("killed-platform-still-told", order)
    await _die(stage, 0)
    await stage.advance(60)


async def down_while_paid(stage: Stage) -> None:
    """Nobody is there to hear the notify."""
    order = await stage.opened()
    stage.mark("killed-down-while-paid", order)
    await stage.kill()
    await stage.act(order)
    await stage.restart()


async def _die(stage: Stage, turns: int) -> None:
    await stage.kill(turns=turns)
    await stage.restart()


def _case(name: str, play: Play, *more: Ability) -> Case:
    needs = frozenset({Ability.CREATE, *more})
    return Case(name=f"killed-{name}", covers=(f"crash/{name}",), play=play, needs=needs, moves=MOVES)


CASES = (
    _case("while-opening", while_opening),
    _case("before-paying", before_paying),
    _case("around-the-notify", around_the_notify),
    _case("after-paying", after_paying),
    _case("while-refunding", while_refunding, Ability.REFUND),
    _case("platform-still-told", platform_still_told, Ability.WEBHOOKS),
    _case("down-while-paid", down_while_paid),
)
