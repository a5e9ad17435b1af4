"""Virtual time over real loopback sockets: jumps only when nothing can happen, and the same way every time."""

import asyncio
import contextlib
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from harness.errors import DeadlockError
from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop, hold, settle

# Alipay's ladder of notifies, 25 hours in all.
LADDER_S = (240, 600, 600, 3600, 7200, 21600, 54000)
BASE = datetime(2026, 11, 23, tzinfo=UTC)


def run(main: Callable[[], Awaitable[Any]], **options: float) -> Any:
    async def entered() -> Any:
        return await main()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(**options)) as runner:
        return runner.run(entered())


@contextlib.asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], **options: Any
) -> AsyncIterator[str]:
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/", handler)
    runner = web.AppRunner(app, **options)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


def test_a_ladder_of_25_hours_over_real_sockets_takes_no_time():
    async def ladder() -> list[float]:
        loop, seen = asyncio.get_running_loop(), []

        async def failing(_request: web.Request) -> web.Response:
            seen.append(loop.time())
            return web.Response(text="fail")

        async with serving(failing) as url, aiohttp.ClientSession() as session:
            clock = VirtualClock(BASE)
            for wait_s in (0, *LADDER_S):
                await clock.sleep(wait_s)
                async with session.post(url, data=b"x") as answer:
                    assert await answer.text() == "fail"
            assert clock.now() - BASE == timedelta(seconds=sum(LADDER_S))
        return seen

    began = time.monotonic()
    seen = run(ladder)

    assert [round(b - a) for a, b in itertools.pairwise(seen)] == list(LADDER_S)
    assert time.monotonic() - began < 5


def test_25_runs_leave_one_trace():
    async def story() -> list[tuple[str, float]]:
        loop, trace = asyncio.get_running_loop(), []

        async def echo(request: web.Request) -> web.Response:
            body = await request.read()
            trace.append((f"served {body[:8].decode()}", loop.time()))
            await asyncio.sleep(len(body) % 7 * 0.01)  # noqa: TID251 - virtual
            return web.Response(body=body)

        async def caller(session: aiohttp.ClientSession, url: str, number: int) -> None:
            for turn in range(4):
                await asyncio.sleep(number * turn * 0.003)  # noqa: TID251 - virtual
                async with session.post(url, data=f"{number:04}-{turn:03}".encode() * (1 + number * 900)) as answer:
                    trace.append((f"got {len(await answer.read())}", loop.time()))

        async with serving(echo) as url, aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(caller(session, url, number))
        return trace

    first = run(story)

    assert len(first) == 64
    assert all(run(story) == first for _ in range(24))


def test_no_wrong_jump_while_bytes_are_on_their_way():
    """A client that would time out after a minute never does, because time stands while anything moves."""

    async def exchanges() -> float:
        async def big(request: web.Request) -> web.Response:
            return web.Response(body=await request.read())

        async with serving(big) as url, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:

            async def turn(size: int) -> None:
                async with session.post(url, data=b"x" * size) as answer:
                    assert len(await answer.read()) == size

            for _ in range(20):
                await asyncio.gather(*(turn(size) for size in (1, 10, 70_000, 300_000)))
            return asyncio.get_running_loop().time()

    assert run(exchanges) == 0


def test_client_timeouts_are_virtual():
    async def stuck() -> float:
        arrived = asyncio.Event()

        async def never(_request: web.Request) -> web.Response:
            arrived.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with serving(never, shutdown_timeout=1) as url, aiohttp.ClientSession() as session:
            began = asyncio.get_running_loop().time()
            with pytest.raises(TimeoutError):
                await session.get(url, timeout=aiohttp.ClientTimeout(total=3))
            assert arrived.is_set()
            return asyncio.get_running_loop().time() - began

    assert run(stuck) == pytest.approx(3, abs=0.01)


def test_keep_alive_is_virtual():
    """
    A kept connection is reused within the server's time, and not after it.

    The client's own limit is no timer: aiohttp's connector reads time.monotonic, so the server's is what ends it.
    """

    async def connections() -> list[int]:
        peers: list[int] = []

        async def note(request: web.Request) -> web.Response:
            assert request.transport is not None
            peers.append(request.transport.get_extra_info("peername")[1])
            return web.Response()

        async with serving(note, keepalive_timeout=20) as url, aiohttp.ClientSession() as session:
            for wait_s in (0, 5, 60):
                await asyncio.sleep(wait_s)  # noqa: TID251 - virtual
                async with session.get(url):
                    pass
        return peers

    first, second, third = run(connections)

    assert first == second
    assert third != first


@pytest.mark.parametrize("base_s", [0.0, 2e7, 1.7e9])
def test_a_large_base_does_not_spin(base_s):
    async def sleeps() -> float:
        loop = asyncio.get_running_loop()
        for wait_s in (0.1, 1e-7, 0.3, 86_400 * 3.7, 1 / 3):
            await asyncio.sleep(wait_s)  # noqa: TID251 - virtual
        return loop.time()

    iterations = 0

    class Counting(VirtualLoop):
        def _run_once(self) -> None:
            nonlocal iterations
            iterations += 1
            super()._run_once()  # type: ignore[misc]

    with asyncio.Runner(loop_factory=lambda: Counting(start_s=base_s)) as runner:
        ended = runner.run(sleeps())

    assert ended - base_s == pytest.approx(86_400 * 3.7 + 0.4 + 1 / 3, abs=1e-5)
    assert iterations < 60


def test_a_thread_holds_the_loop():
    """The timeout beside it does not fire, although nothing else could happen."""

    async def thread() -> str:
        gate = threading.Event()
        asyncio.get_running_loop().call_later(0.01, gate.set)
        async with asyncio.timeout(30):
            await asyncio.to_thread(gate.wait)
        return "done"

    assert run(thread) == "done"


def test_the_threaded_resolver_holds_the_loop():
    async def resolve() -> list[Any]:
        async with asyncio.timeout(0.9):
            return await asyncio.get_running_loop().getaddrinfo("localhost", 80)

    assert run(resolve)


def test_while_held_time_is_real():
    async def outside() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()
        heard = asyncio.Event()
        loop.add_reader(reading, heard.set)
        threading.Timer(0.05, os.write, (writing, b"x")).start()
        with hold():
            async with asyncio.timeout(20):
                await heard.wait()
            inside = loop.time()
        loop.remove_reader(reading)
        os.close(reading)
        os.close(writing)
        return inside, loop.time()

    inside, after = run(outside)

    assert 0.04 < inside < 15
    assert after >= inside


def test_hold_leaves_other_loops_alone():
    async def plain() -> bool:
        with hold():
            return True

    assert asyncio.run(plain())


def test_settle_comes_back_when_nothing_is_ready():
    async def quiet() -> tuple[list[str], float]:
        done: list[str] = []

        async def answer(_request: web.Request) -> web.Response:
            done.append("served")
            return web.Response(text="ok")

        async def call(session: aiohttp.ClientSession, url: str) -> None:
            async with session.get(url) as response:
                done.append(await response.text())

        async with serving(answer) as url, aiohttp.ClientSession() as session:
            calling = asyncio.create_task(call(session, url))
            later = asyncio.get_running_loop().call_later(5, done.append, "late")
            await settle()
            result = list(done), asyncio.get_running_loop().time()
            later.cancel()
            await calling
        return result

    assert run(quiet) == (["served", "ok"], 0)


def test_settle_waits_for_those_who_hold():
    async def waits() -> bool:
        gate = threading.Event()
        running = asyncio.ensure_future(asyncio.to_thread(gate.wait))
        threading.Timer(0.03, gate.set).start()
        await settle()
        return running.done()

    assert run(waits)


def test_settle_until_lets_time_pass():
    async def passes() -> tuple[int, float]:
        fired: list[float] = []
        loop = asyncio.get_running_loop()
        for wait_s in (10, 20, 30):
            loop.call_later(wait_s, fired.append, wait_s)
        await settle(until=lambda: len(fired) == 2)
        return len(fired), loop.time()

    assert run(passes) == (2, 20)


def test_settle_that_is_cancelled_is_forgotten():
    async def cancelled() -> float:
        waiting = asyncio.create_task(settle(until=lambda: False))
        asyncio.get_running_loop().call_later(1, waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await settle()
        return asyncio.get_running_loop().time()

    assert run(cancelled) == 1


def test_settle_on_a_real_loop_is_refused():
    with pytest.raises(TypeError, match="VirtualLoop"):
        asyncio.run(settle())


def test_a_deadlock_names_its_tasks_and_the_runner_still_closes():
    cleaned = []

    async def wait_for_godot() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)  # noqa: TID251 - virtual, while the runner closes
            cleaned.append(True)

    async def waits() -> None:
        await asyncio.create_task(wait_for_godot())

    with pytest.raises(DeadlockError, match="wait_for_godot"):
        run(waits)

    assert cleaned == [True]


def test_settle_until_never_is_a_deadlock():
    with pytest.raises(DeadlockError, match="never came true"):
        run(lambda: settle(until=lambda: False))


def test_a_runner_with_an_executor_closes():
    async def used() -> int:
        return await asyncio.to_thread(len, "four")

    assert run(used) == 4


def test_releasing_too_often_is_an_error():
    with contextlib.closing(VirtualLoop()) as loop, pytest.raises(RuntimeError, match="nobody holds"):
        loop.release()


def test_clocks_of_one_world_differ_by_their_skew_only():
    async def two() -> tuple[datetime, datetime]:
        here, there = VirtualClock(BASE), VirtualClock(BASE, skew=timedelta(seconds=-90))
        await here.sleep(3600)
        return here.now(), there.now()

    assert run(two) == (BASE + timedelta(hours=1), BASE + timedelta(minutes=58, seconds=30))


def test_a_clock_can_be_read_outside_its_loop_when_it_was_given_one():
    with contextlib.closing(VirtualLoop(start_s=5)) as loop:
        assert VirtualClock(BASE, loop=loop).now() == BASE + timedelta(seconds=5)


def test_a_naive_base_is_refused():
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
