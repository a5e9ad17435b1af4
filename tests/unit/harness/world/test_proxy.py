"""
The faulty link over real sockets and virtual time: what it does to connections that are open, and to new ones.
"""

import asyncio
from datetime import UTC, datetime

import pytest

from harness.world.proxy import HOST, Address, Proxy
from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop, settle

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
# What the story at hand has connected.
OPEN: list[asyncio.StreamWriter] = []


class Echo:
    """A server that says everything back, and remembers who hung up on it."""

    def __init__(self):
        self.heard = b""
        self.gone = 0

    async def met(self, reader, writer):
        try:
            while piece := await reader.read(4096):
                self.heard += piece
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        self.gone += 1
        writer.close()


def story(told, *, unix=None):
    """Tell it on virtual time with an echo, a link to it and a way to connect."""

    async def play():
        echo, clock = Echo(), VirtualClock(NOON)
        if unix is None:
            server = await asyncio.start_server(echo.met, HOST, 0)
            upstream = Address(port=server.sockets[0].getsockname()[1])
        else:
            server = await asyncio.start_unix_server(echo.met, unix / "far")
            upstream = Address(path=unix / "far")
        proxy = await Proxy.open(upstream, clock=clock, listen=None if unix is None else unix / "near")
        try:
            await told(proxy, echo)
        finally:
            for writer in OPEN:
                writer.transport.abort()
            OPEN.clear()
            await proxy.close()
            server.close()
            await settle()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())


async def connected(proxy):
    address = proxy.address
    if address.path is not None:
        reader, writer = await asyncio.open_unix_connection(address.path)
    else:
        reader, writer = await asyncio.open_connection(HOST, address.port)
    OPEN.append(writer)
    return reader, writer


async def said(pair, text=b"ping"):
    reader, writer = pair
    writer.write(text)
    return await reader.readexactly(len(text))


def now_s():
    return asyncio.get_running_loop().time()


@pytest.fixture(params=["tcp", "unix"])
def kind(request, tmp_path):
    return None if request.param == "tcp" else tmp_path


def test_bytes_pass_both_ways_and_an_end_passes_too(kind):
    async def told(proxy, echo):
        pair = await connected(proxy)
        assert await said(pair, b"x" * 200_000) == b"x" * 200_000
        pair[1].write_eof()
        assert await pair[0].read() == b""
        await settle()
        assert (echo.gone, proxy.connections) == (1, 0)

    story(told, unix=kind)


def test_a_cut_tears_what_is_open_and_refuses_what_comes_until_it_is_healed(kind):
    async def told(proxy, _echo):
        address, pair = proxy.address, await connected(proxy)
        await said(pair)
        await proxy.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(pair)
        with pytest.raises(OSError):
            await connected(proxy)
        await proxy.heal()
        assert proxy.address == address
        assert await said(await connected(proxy)) == b"ping"

    story(told, unix=kind)


def test_in_silence_connections_stay_and_carry_what_waited_when_it_ends(kind):
    async def told(proxy, echo):
        pair = await connected(proxy)
        await said(pair)
        await proxy.cut("silence")
        fresh = await connected(proxy)
        for one in (pair, fresh):
            one[1].write(b"still there?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await pair[0].read(1)
        assert echo.heard == b"ping"
        await proxy.heal()
        assert await pair[0].readexactly(12) == await fresh[0].readexactly(12) == b"still there?"

    story(told, unix=kind)


def test_half_open_the_far_side_hangs_up_and_the_near_side_hears_nothing(kind):
    async def told(proxy, echo):
        pair = await connected(proxy)
        await said(pair)
        await proxy.cut("half_open")
        await settle()
        assert echo.gone == 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await pair[0].read(1)
        await proxy.heal()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(pair)
        assert await said(await connected(proxy)) == b"ping"

    story(told, unix=kind)


def test_a_reset_is_felt_as_one_and_new_connections_are_welcome(kind):
    async def told(proxy, _echo):
        pair = await connected(proxy)
        await said(pair)
        proxy.reset()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)) as felt:
            await said(pair)
        if kind is None:
            assert felt.type is ConnectionResetError
        assert await said(await connected(proxy)) == b"ping"

    story(told, unix=kind)


def test_slowness_is_latency_and_rate_in_either_direction(kind):
    async def told(proxy, _echo):
        pair = await connected(proxy)
        await said(pair)
        proxy.slow(latency_s=2.0)
        begun_s = now_s()
        await said(pair)
        assert now_s() - begun_s == pytest.approx(4.0, abs=0.01)
        proxy.slow(bytes_per_s=100)
        begun_s = now_s()
        await said(pair, b"y" * 50)
        assert now_s() - begun_s == pytest.approx(1.0, abs=0.01)
        await proxy.heal()
        begun_s = now_s()
        await said(pair)
        assert now_s() - begun_s == pytest.approx(0.0, abs=0.01)

    story(told, unix=kind)


def test_an_upstream_that_is_not_there_is_felt_as_a_torn_line():
    async def told(proxy, _echo):
        proxy.upstream = Address(port=1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(await connected(proxy))

    story(told)


def test_a_cut_link_keeps_its_port_from_others():
    async def told(proxy, _echo):
        await proxy.cut()
        with pytest.raises(OSError, match="in use"):
            await asyncio.start_server(lambda _reader, _writer: None, HOST, proxy.address.port)

    story(told)
