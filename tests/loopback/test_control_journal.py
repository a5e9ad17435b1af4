"""
The journal by page, by entry, by file and as a stream of events.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from tests.loopback.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.asyncio


class Events:
    """
    A reader of server-sent events, as a browser would be.
    """

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        """
        The next event's data.
        """
        async with asyncio.timeout(10):
            while True:
                lines = (await self._answer.content.readuntil(b"\n\n")).decode().split("\n")
                fields = dict(line.split(": ", 1) for line in lines if ": " in line)
                if "data" in fields:
                    self.last_id = fields["id"]
                    return dict(orjson.loads(fields["data"]))


@asynccontextmanager
async def events(box: Sandbox, query: str = "", **headers: str) -> AsyncIterator[Events]:
    url = f"{box.simulator.control_url}/control/v1/journal/stream{query}"
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout) as reader,
        reader.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer,
    ):
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        await answer.content.readuntil(b"\n\n")
        yield Events(answer)


async def test_exchanges_are_found_by_order_direction_and_verdict(box):
    await box.precreate("o1")
    await box.precreate("o2", label="pp000002")
    async with box.session.post(
        box.simulator.alipay_url + "/gateway.do", data=box.merchant.signed("alipay.trade.query", {}) | {"sign": "AAAA"}
    ) as refused:
        assert refused.status == 200
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.receiver.until(1)
    await box.advance(0)
    for query, seqs in {
        "": [1, 2, 3, 4],
        "?order=o1": [1, 4],
        "?label=pp000002": [2],
        "?direction=out": [4],
        "?signature=refused": [3],
        "?provider=wechatpay": [],
        "?direction=in&signature=ok&after=1": [2],
    }.items():
        assert [item["seq"] for item in (await box.control("GET", f"/journal{query}"))["items"]] == seqs, query
    problem = await box.control("GET", "/journal?signature=refuse", status=400)
    assert "Did you mean 'refused'" in problem["detail"]


async def test_filtered_pages_lose_nothing_and_end(box):
    for number in range(6):
        await box.precreate(f"o{number}", label=f"pp00000{number % 2}")
    seen: list[int] = []
    cursor: int | None = 0
    while cursor is not None:
        page = await box.control("GET", f"/journal?label=pp000001&limit=2&after={cursor}")
        assert len(page["items"]) <= 2
        seen += [item["seq"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [2, 4, 6]


async def test_one_exchange_is_shown_by_its_number(box):
    await box.precreate()
    assert (await box.control("GET", "/journal/1")) == (await box.control("GET", "/journal"))["items"][0]
    for number in ("2", "0", "x", "9" * 30):
        assert (await box.control("GET", f"/journal/{number}", status=404))["code"] == "unknown_entry"


async def test_the_download_holds_a_line_for_each_exchange(box):
    for number in range(3):
        await box.precreate(f"o{number}", label=f"pp00000{number}")
    async with box.session.get(f"{box.simulator.control_url}/control/v1/journal.ndjson?after=1") as answer:
        assert (answer.content_type, answer.headers["Content-Disposition"].startswith("attachment")) == (
            "application/x-ndjson",
            True,
        )
        lines = (await answer.read()).splitlines()
    assert [orjson.loads(line) for line in lines] == (await box.control("GET", "/journal?after=1"))["items"]


async def test_a_reader_sees_exchanges_as_they_end(box):
    await box.precreate("o0", label="pp000000")
    async with events(box) as every, events(box, "?order=o2") as some:
        await box.precreate("o1")
        await box.precreate("o2", label="pp000002")
        assert [(await every.next())["order"] for _ in range(2)] == ["o1", "o2"]
        assert (await some.next())["seq"] == 3
        assert (every.last_id, some.last_id) == ("3", "3")


async def test_a_reader_that_returns_gets_what_it_missed(box):
    for number in range(3):
        await box.precreate(f"o{number}", label=f"pp00000{number}")
    async with events(box, Last_Event_ID="2") as returned, events(box, "?after=0") as late:
        assert (await returned.next())["seq"] == 3
        assert [(await late.next())["seq"] for _ in range(3)] == [1, 2, 3]
    async with events(box, Last_Event_ID="900") as of_another_life:
        await box.precreate("o9", label="pp000009")
        assert (await of_another_life.next())["order"] == "o9"
    bad = {"Last-Event-ID": "DROP"}
    async with box.session.get(f"{box.simulator.control_url}/control/v1/journal/stream", headers=bad) as answer:
        assert answer.status == 400


async def test_readers_do_not_keep_a_simulator_from_stopping(credentials_dir):
    async with sandbox(credentials_dir) as box, events(box) as reader:
        async with asyncio.timeout(1.5):
            await box.simulator.stop()
        with pytest.raises((asyncio.IncompleteReadError, aiohttp.ClientPayloadError)):
            await reader.next()
