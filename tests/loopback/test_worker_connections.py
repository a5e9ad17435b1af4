"""
Connections to a port that several workers share: whoever a request names answers it, on whatever connection it came.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import aiohttp
import orjson
import pytest
import pytest_asyncio

from mock_providers.core.wire.identities import merchant_folders
from tests.loopback.sandbox import Receiver, Sandbox
from tests.loopback.shared import Shared, standing_simulator
from tests.unit.mock_providers.alipay_desk import Merchant

pytestmark = pytest.mark.asyncio

METHOD = "alipay.trade.query"
ANSWER = "alipay_trade_query_response"


class Client:
    """
    One connection, written to byte by byte.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def answer(self) -> bytes:
        """
        The body of the next answer that is no go-ahead.
        """
        async with asyncio.timeout(10):
            head = await self._reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 100"):
                return await self.answer()
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            return await self._reader.readexactly(int(length.partition(b":")[2]))

    async def told(self) -> dict[str, str]:
        return dict(orjson.loads(await self.answer())[ANSWER])


@asynccontextmanager
async def connected(url: str, *, tls: ssl.SSLContext | None = None, name: str | None = None) -> AsyncIterator[Client]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls, server_hostname=name)
    try:
        yield Client(reader, writer)
    finally:
        # Over TLS a polite end takes two; who has heard everything hangs up.
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture(scope="module")
def three_workers(three_merchants: Path) -> Iterator[Shared]:
    flags = ("--workers", "3", "--tls-port", "0", "--no-vendor-ports", "--schedule-rate", "0")
    with standing_simulator(three_merchants, *flags) as shared:
        yield shared


@pytest_asyncio.fixture
async def boxes(three_merchants: Path, three_workers: Shared) -> AsyncIterator[list[Sandbox]]:
    async with aiohttp.ClientSession(trust_env=False) as session:
        receiver = Receiver(url="http://127.0.0.1:9/nobody")
        boxes = [
            Sandbox(three_workers, Merchant(folder), receiver, session)  # type: ignore[arg-type]  # urls are all it takes
            for folder in merchant_folders(three_merchants, 3)
        ]
        await boxes[0].control("POST", "/reset")
        await boxes[0].control("PUT", "/faults", {"rules": []})
        for number, box in enumerate(boxes):
            await box.precreate(f"own{number}", label=f"pp00000{number}")
            await box.control("POST", f"/trades/alipay/own{number}/buyer", {"action": "scan"})
        yield boxes


def request(box: Sandbox, number: int, *, headers: str = "", split: bool = False, chunked: bool = False) -> list[bytes]:
    """
    A signed query for one merchant's own order, as the parts in which it leaves.
    """
    body = urlencode(box.merchant.signed(METHOD, {"out_trade_no": f"own{number}"})).encode()
    head = "POST /gateway.do HTTP/1.1\r\nHost: openapi.alipay.com\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n{headers}"
    if chunked:
        pieces = [b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:50], body[50:])]
        return [head.encode() + b"Transfer-Encoding: chunked\r\n\r\n", *pieces, b"0\r\n\r\n"]
    parts = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode(), body]
    return [*parts] if split else [b"".join(parts)]


async def sent(client: Client, parts: list[bytes]) -> None:
    for part in parts:
        client.writer.write(part)
        await client.writer.drain()


async def test_one_connection_serves_the_merchants_of_all_workers(boxes):
    async with connected(boxes[0].simulator.alipay_url) as client:
        for turn in range(12):
            number = turn * 2 % 3
            await sent(client, request(boxes[number], number))
            told = await client.told()
            assert (told["code"], told["out_trade_no"]) == ("10000", f"own{number}")


async def test_requests_in_pieces_in_chunks_and_with_a_question_before(boxes):
    async with connected(boxes[0].simulator.alipay_url) as client:
        for number in (0, 1, 2, 0):
            for how in ({"split": True}, {"chunked": True}, {"split": True, "headers": "Expect: 100-continue\r\n"}):
                await sent(client, request(boxes[number], number, **how))
                assert (await client.told())["out_trade_no"] == f"own{number}"


async def test_requests_that_do_not_wait_are_answered_in_their_order(boxes):
    async with connected(boxes[0].simulator.alipay_url) as client:
        order = [0, 1, 1, 2, 0, 2, 1, 0]
        client.writer.write(b"".join(request(boxes[number], number)[0] for number in order))
        assert [(await client.told())["out_trade_no"] for _ in order] == [f"own{number}" for number in order]


async def test_tls_ends_at_one_worker_and_the_rest_moves(boxes):
    info = await boxes[0].control("GET", "/info")
    context = ssl.create_default_context(cafile=info["ca_file"])
    async with connected(info["tls_url"], tls=context, name="openapi.alipay.com") as client:
        for number in (0, 1, 2, 1, 1, 0):
            await sent(client, request(boxes[number], number))
            assert (await client.told())["out_trade_no"] == f"own{number}"


async def test_many_connections_at_once_lose_no_answer(boxes):
    async def some(number: int) -> set[str]:
        async with connected(boxes[0].simulator.alipay_url) as client:
            seen = set()
            for turn in range(6):
                place = (number + turn) % 3
                await sent(client, request(boxes[place], place))
                seen.add((await client.told())["out_trade_no"])
            return seen

    seen = await asyncio.gather(*(some(number) for number in range(40)))
    assert seen == [{"own0", "own1", "own2"}] * 40
    journal = await boxes[0].control("GET", "/journal?direction=in&signature=ok")
    assert sum(one["api"] == METHOD for one in journal["items"]) == 240


async def test_a_stranger_is_refused_in_the_vendors_words(boxes):
    async with connected(boxes[0].simulator.alipay_url) as client:
        body = urlencode(boxes[0].merchant.signed(METHOD, {}, app_id="2021000000000000")).encode()
        client.writer.write(b"POST /gateway.do HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert b"isv.invalid-app-id" in await client.answer()
        client.writer.write(b"nonsense\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await client._reader.readline()).startswith(b"HTTP/1.0 400")


async def test_every_cashier_page_is_found_by_any_connection(boxes):
    for number in range(3):
        path = (await boxes[0].control("GET", f"/trades/alipay/own{number}"))["cashier_path"]
        for _ in range(4):
            url = boxes[0].simulator.alipay_url + path
            async with aiohttp.ClientSession() as browser, browser.get(url) as page:
                assert (page.status, f"pp00000{number}" in await page.text()) == (200, True)


async def test_faults_reach_the_client_after_a_move(boxes):
    rule = {"id": "shut", "fault": "timeout_after", "where": {"on": "reply", "api": METHOD, "order": "own1"}}
    await boxes[0].control("POST", "/faults/rules", rule)
    for _ in range(4):
        async with connected(boxes[0].simulator.alipay_url) as client:
            await sent(client, request(boxes[0], 0))
            assert (await client.told())["out_trade_no"] == "own0"
            await sent(client, request(boxes[1], 1))
            with pytest.raises(asyncio.IncompleteReadError):
                await client.answer()
