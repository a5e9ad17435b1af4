"""A crowd that stands at the gateway's door is taken up within a few turns of the loop, not one caller in each."""

import asyncio
import socket
from contextlib import ExitStack

import pytest
import uvloop
from aiohttp import web

from reference_gateway.http.door import TAKEN_UP_AT_ONCE, open_door

CROWD = 400


async def a_turn() -> None:
    """One turn of the loop."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.call_soon(over.set_result, None)
    await over


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response()


async def turns_for_a_crowd() -> int:
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await open_door(runner, "127.0.0.1", 0, reuse_port=False)
    turns = 0
    try:
        with ExitStack() as callers:
            for _ in range(CROWD):
                # The kernel lets all of them in before the loop has a single turn: there is room for more than 128.
                callers.enter_context(socket.create_connection(runner.addresses[0], timeout=5))
            assert runner.server is not None
            while len(runner.server.connections) < CROWD:
                await a_turn()
                turns += 1
    finally:
        await runner.cleanup()
    return turns


@pytest.mark.parametrize("loop_factory", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_crowd_is_taken_up_within_a_few_turns(loop_factory):
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(turns_for_a_crowd()) < 3 * CROWD / TAKEN_UP_AT_ONCE


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_door_is_shared_where_that_is_wanted(host):
    async def story() -> None:
        runners = [web.ServerRunner(web.Server(answer)) for _ in range(2)]
        port = 0
        for runner in runners:
            await runner.setup()
            await open_door(runner, host, port, reuse_port=True)
            assert len(set(runner.addresses)) == 1
            port = runner.addresses[0][1]
        for runner in runners:
            await runner.cleanup()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=5)

    asyncio.run(story())
