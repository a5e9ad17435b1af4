"""
The proxy refuses whatever is no simulated provider, bears with slow and rude clients, and connects to nobody.
"""

import asyncio
import sys
from contextlib import asynccontextmanager

import pytest

from mock_providers.front.proxy import HEAD_BYTES, ProxyConnection, ProxyDoor
from tests.loopback.front import GATEWAY, HOST, LOOPS, front, on

CONNECTS = {
    "example.org:443": 403,
    "www.alipay.com:443": 403,
    "openapi.alipay.com.example.org:443": 403,
    f"user@{HOST}:443": 403,
    f"{HOST}:80": 403,
    f"{HOST}:8443": 403,
    f"{HOST}:": 403,
    f"{HOST}:0443": 403,
    "110.75.132.1:443": 403,
    "127.0.0.1:443": 403,
    "[::1]:443": 403,
    "localhost:443": 403,
    "169.254.169.254:80": 403,
    HOST: 400,
}
PLAIN = {
    "http://example.org/": 403,
    "http://110.75.132.1/gateway.do": 403,
    "http://127.0.0.1/gateway.do": 403,
    "http://[::1]/gateway.do": 403,
    f"http://{HOST}:8080/gateway.do": 403,
    f"http://user@{HOST}.example.org/": 403,
    "ftp://example.org/": 403,
    "/gateway.do": 403,
}


def connect(target: str) -> bytes:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


def plain(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("loop", LOOPS)
def test_every_other_target_is_refused_in_words(credentials_dir, loop):
    async def work():
        async with front(credentials_dir) as doors:
            told = {target: await doors.raw(connect(target)) for target in CONNECTS}
            told |= {target: await doors.raw(plain(target)) for target in PLAIN}
            assert await doors.box.journal("in") == []
            return told

    told = on(loop, work())
    assert {target: status(answer) for target, answer in told.items()} == CONNECTS | PLAIN
    assert all(b"payproof answers for" in told[target] for target in told if target != HOST)


def test_each_request_of_a_connection_is_judged(credentials_dir):
    async def work():
        async with front(credentials_dir) as doors:
            good = plain(f"http://{HOST}/gateway.do")
            return await doors.raw(good + plain("http://example.org/") + good)

    answers = on("uvloop", work())
    assert answers.count(b"HTTP/1.1 ") == 2
    assert answers.index(b"HTTP/1.1 200") < answers.index(b"HTTP/1.1 403")


RUDE = {
    "nonsense": (b"CONNECT \r\n\r\n", 400),
    "old": (f"CONNECT {HOST}:443\r\n\r\n".encode(), 400),
    "early": (connect(f"{HOST}:443") + b"\x16\x03\x01", 400),
    "endless": (b"CONNECT " + b"a" * HEAD_BYTES, 431),
    "late": (b"GET http://openapi.alipay.com/ HTTP/1.1\r\nHost: x\r\n\r\n" + connect(f"{HOST}:443"), 200),
    "no URL": (plain("http://[/"), 400),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


@pytest.mark.parametrize(("data", "expected"), RUDE.values(), ids=RUDE)
def test_rude_clients_are_told(credentials_dir, data, expected):
    async def work():
        async with front(credentials_dir) as doors:
            return await doors.raw(data)

    answer = on("uvloop", work())
    assert status(answer) == expected
    if expected == 200:
        assert b"HTTP/1.1 400" in answer


@pytest.mark.parametrize("loop", LOOPS)
def test_a_slow_connect_is_borne_with(credentials_dir, loop):
    async def work():
        async with front(credentials_dir) as doors:
            reader, writer = await doors.connected()
            for byte in connect(f"{HOST}:443"):
                writer.write(bytes([byte]))
                await writer.drain()
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            await writer.start_tls(doors.tls, server_hostname=HOST)
            for byte in f"GET /gateway.do HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode():
                writer.write(bytes([byte]))
                await writer.drain()
            answer = await reader.read()
            writer.close()
            return answer

    assert b"isv.missing-method" in on(loop, work())


@asynccontextmanager
async def impatient(served=(), contexts=()):
    """
    A proxy that waits for next to nothing, and its address.
    """
    door = ProxyDoor(dict(served), dict(contexts), asyncio.Protocol, patience_s=0.05)
    server = await asyncio.get_running_loop().create_server(lambda: ProxyConnection(door), "127.0.0.1", 0)
    try:
        yield door, server.sockets[0].getsockname()
    finally:
        server.close()
        door.close()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("half", [b"", b"CONN", b"CONNECT openapi.alipay.com:443 HTTP/1.1\r\nHost"], ids=len)
def test_half_a_connect_ends_with_408(loop, half):
    async def work():
        async with impatient() as (door, place):
            reader, writer = await asyncio.open_connection(*place)
            writer.write(half)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            assert not door.connections
            return answer

    assert status(on(loop, work())) == 408


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("half", [b"", b"\x16\x03\x01\x02\x00", b"this is no TLS\r\n\r\n"], ids=len)
def test_half_a_handshake_is_hung_up_on(credentials_dir, loop, half):
    async def work():
        async with front(credentials_dir) as doors:
            own = doors.box.simulator.front._proxy
            assert own is not None
            async with impatient(own.served, own.contexts) as (door, place):
                reader, writer = await asyncio.open_connection(*place)
                writer.write(connect(f"{HOST}:443"))
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
                writer.write(half)
                try:
                    await reader.read()
                except ConnectionResetError:
                    assert reader.at_eof() or reader.exception() is not None
                writer.close()
                assert not door.connections

    on(loop, work())


@pytest.mark.parametrize("loop", LOOPS)
def test_stopping_hangs_up_on_those_who_linger(credentials_dir, loop):
    async def work():
        async with front(credentials_dir) as doors:
            lingering = [await doors.connected() for _ in range(3)]
            lingering[1][1].write(b"CONNECT ")
            lingering[2][1].write(connect(f"{HOST}:443"))
            await lingering[2][0].readuntil(b"\r\n\r\n")
        for reader, writer in lingering:
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                assert reader.exception() is not None
            writer.close()

    on(loop, work())


WATCH = {"on": False}
SEEN: list[tuple[str, object]] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if WATCH["on"] and event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        SEEN.append((event, arguments[1] if event == "socket.connect" else arguments[0]))


def test_nothing_but_its_own_clients_ever_connects(credentials_dir, monkeypatch):
    """
    On asyncio's loop every connection and look-up of this process is audited: all are the test's own, to the proxy.
    """
    sys.addaudithook(_audit)

    async def work():
        async with front(credentials_dir) as doors:
            monkeypatch.setitem(WATCH, "on", True)
            count = 0
            for data in (*map(connect, CONNECTS), *map(plain, PLAIN), *(data for data, _ in RUDE.values())):
                await doors.raw(data)
                count += 1
            async with doors.box.session.get(GATEWAY, proxy=doors.proxy_url, ssl=doors.tls) as answer:
                assert answer.status == 200
            monkeypatch.setitem(WATCH, "on", False)
            return count + 1, doors.proxy_url

    count, proxy_url = on("asyncio", work())
    port = int(proxy_url.rpartition(":")[2])
    assert [place for event, place in SEEN if event == "socket.connect"] == [("127.0.0.1", port)] * count
    assert {place for event, place in SEEN if event != "socket.connect"} <= {"127.0.0.1"}
