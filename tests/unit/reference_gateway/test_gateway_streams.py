"""Watching payments and rooms: what is told, once, to whom, and to those who come back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse

from reference_gateway.store.memory_unit_of_work import MemoryStore
from tests.unit.reference_gateway.live import LiveWorld, virtual

BUYER: dict[str, Any] = {"buyer_id": "b1"}


async def token(world: LiveWorld, buyer: str = "b1", **more: Any) -> str:
    status, made = await world.merchant.call("POST", "/api/v1/rooms/r1/page-tokens", {"buyer_id": buyer, **more})
    assert status == 201
    assert made["url"] == f"{world.gateway.url}/rooms/r1?token={made['token']}"
    return str(made["token"])


class Reader:
    """Reads server-sent events."""

    def __init__(self, response: ClientResponse) -> None:
        self.response, self._lines = response, response.content

    async def event(self) -> tuple[str, Any]:
        """Wait for the next one: its id and its data."""
        name = ""
        async with asyncio.timeout(600):
            while True:
                line = (await self._lines.readline()).decode().rstrip("\n")
                if line.startswith("id: "):
                    name = line[4:]
                if line.startswith("data: "):
                    return name, json.loads(line[6:])

    def leave(self) -> None:
        self.response.close()

    async def ends(self) -> bool:
        return b"data:" not in await self._lines.read()


@asynccontextmanager
async def reading(world: LiveWorld, path: str, **headers: str) -> AsyncIterator[Reader]:
    async with world.http.get(world.gateway.url + path, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        yield Reader(response)


@virtual
async def test_a_merchant_watches_a_payment_turn_paid():
    async with LiveWorld() as world:
        _, payment = await world.merchant.pay()
        path = f"/api/v1/payments/{payment['id']}/events"
        async with reading(world, path, **world.merchant.headers("GET", path, b"")) as reader:
            assert (await reader.event())[1] == {"type": "payment", "status": "PENDING", "ready": True}
            await world.merchant.notify(payment)
            _, event = await reader.event()
            assert (event["type"], event["data"]["id"]) == ("payment.paid", payment["id"])
            await world.gateway.idle()
            assert world.sender.sent == [event]


@virtual
async def test_a_page_sees_of_its_payment_the_state_and_nothing_else():
    async with LiveWorld() as world:
        await world.furnish()
        _, payment = await world.merchant.pay(purpose="tip", room_id="r1", **BUYER)
        path = f"/api/v1/payments/{payment['id']}/events?token={await token(world)}"
        async with reading(world, path) as reader:
            await reader.event()
            await world.merchant.notify(payment)
            assert (await reader.event())[1] == {"type": "payment.paid", "status": "PAID", "ready": True}


@virtual
async def test_who_comes_back_misses_nothing_and_hears_nothing_twice():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 10_000)
        path = f"/rooms/r1/events?token={await token(world)}"
        async with reading(world, path) as reader:
            await world.tip("t-1", 100)
            last, event = await reader.event()
            assert event == {"type": "tip", "buyer": "b***1", "amount_yuan_text": "1.00"}
        for number in range(2, 5):
            await world.tip(f"t-{number}", number * 100)
        async with reading(world, path, **{"Last-Event-ID": last}) as reader:
            await world.tip("t-5", 500)
            told = [(await reader.event())[1]["amount_yuan_text"] for _ in range(4)]
        assert told == ["2.00", "3.00", "4.00", "5.00"]


@virtual
async def test_a_room_hears_only_its_own_and_red_packets_without_names():
    async with LiveWorld() as world:
        await world.furnish()
        await world.merchant.call("POST", "/api/v1/rooms", {"id": "r2", "streamer_id": "s2", "title": "x"})
        await world.top_up("b1", 10_000)
        async with reading(world, f"/rooms/r1/events?token={await token(world)}") as reader:
            await world.tip("t-1", 100, room_id="r2")
            _, packet = await world.packet(100, 2)
            await world.claim(packet, "c1")
            told = {"id": packet["id"], "count": 2, "status": "OPEN"}
            assert (await reader.event())[1] == {"type": "red_packet.opened", "claimed_count": 0, **told}
            assert (await reader.event())[1] == {"type": "red_packet.claimed", "claimed_count": 1, **told}


@virtual
async def test_a_socket_tells_the_same_and_takes_up_where_it_was():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 10_000)
        url = f"{world.gateway.url}/ws/rooms/r1?token={await token(world)}"
        async with world.http.ws_connect(url) as socket:
            await world.tip("t-1", 100)
            first = await socket.receive_json()
            assert first["event"]["amount_yuan_text"] == "1.00"
        await world.tip("t-2", 200)
        async with world.http.ws_connect(f"{url}&after={first['id']}") as socket:
            assert (await socket.receive_json())["event"]["amount_yuan_text"] == "2.00"


@virtual
async def test_a_hundred_readers_hear_every_tip_once_and_in_one_order():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 10_000)
        path = f"/rooms/r1/events?token={await token(world)}"

        async def heard() -> list[str]:
            async with reading(world, path) as reader:
                ready.release()
                return [(await reader.event())[1]["amount_yuan_text"] for _ in range(20)]

        ready = asyncio.Semaphore(0)
        readers = [asyncio.create_task(heard()) for _ in range(100)]
        for _ in readers:
            await ready.acquire()
        await asyncio.gather(*(world.tip(f"t-{n}", n) for n in range(1, 21)))
        told = await asyncio.gather(*readers)
        assert sorted(told[0]) == sorted(f"0.{n:02d}" for n in range(1, 21))
        assert all(one == told[0] for one in told)


@virtual
async def test_a_feed_that_is_rung_again_and_again_is_read_at_its_pace():
    read: list[str] = []

    def noted(place: str) -> int:
        read.extend([place] * (place == "feed"))
        return 1

    store = MemoryStore(noted)
    store.pace_s = 1.0
    async with LiveWorld(store=store) as world:
        await world.furnish()
        await world.top_up("b1", 100)
        async with reading(world, f"/rooms/r1/events?token={await token(world)}") as reader:
            bell = world.gateway._live.feed._runtime.feed_bell
            await world.clock.sleep(2)
            read.clear()
            for _ in range(100):
                bell.ring()
                await world.clock.sleep(0.1)
            assert 9 <= len(read) <= 11
            await world.tip("t-1", 100)
            assert (await reader.event())[1]["amount_yuan_text"] == "1.00"


@virtual
async def test_readers_are_let_go_when_the_gateway_stops():
    async with LiveWorld() as world:
        await world.furnish()
        async with reading(world, f"/rooms/r1/events?token={await token(world)}") as reader:
            await world.gateway.stop()
            assert await reader.ends()
        await world.start()


@virtual
async def test_no_reader_leaves_no_work_behind():
    async with LiveWorld() as world:
        await world.furnish()
        async with reading(world, f"/rooms/r1/events?token={await token(world)}"):
            pass
        await world.top_up("b1", 100)
        await world.tip("t-1", 100)
        await world.clock.sleep(60)
        assert world.gateway._live.feed.listeners == 0


@virtual
async def test_a_reader_that_has_left_is_noticed_though_nothing_happens_any_more():
    async with LiveWorld() as world:
        _, payment = await world.merchant.pay()
        path = f"/api/v1/payments/{payment['id']}/events"
        async with (
            reading(world, path, **world.merchant.headers("GET", path, b"")) as stays,
            reading(world, path, **world.merchant.headers("GET", path, b"")) as leaves,
        ):
            await world.merchant.notify(payment)
            for reader in (stays, leaves):
                assert [(await reader.event())[1]["type"] for _ in range(2)] == ["payment", "payment.paid"]
            feed = world.gateway._live.feed
            assert feed.listeners == 2
            leaves.leave()
            await world.clock.sleep(60)
            assert feed.listeners == 1


REFUSED = [
    ("/rooms/r1/events?token=x", {}, "bad_page_token"),
    ("/rooms/r1/events", {}, "bad_page_token"),
    ("/rooms/r1/events?token={token}x", {}, "bad_page_token"),
    ("/rooms/r1/events?token={token}%E9%BE%8D", {}, "bad_page_token"),
    ("/rooms/r2/events?token={token}", {}, "unknown_room"),
    ("/ws/rooms/r2?token={token}", {}, "unknown_room"),
    ("/rooms/r1/events?token={token}", {"Last-Event-ID": "x"}, "invalid_parameter"),
    ("/api/v1/payments/none/events?token={token}", {}, "unknown_payment"),
    ("/api/v1/payments/{other}/events?token={token}", {}, "unknown_payment"),
    ("/api/v1/payments/{other}/events", {}, "missing_signature"),
]


@pytest.mark.parametrize(("path", "headers", "code"), REFUSED)
@virtual
async def test_nobody_watches_what_is_not_theirs(path, headers, code):
    async with LiveWorld() as world:
        await world.furnish()
        _, other = await world.merchant.pay("o-1", purpose="tip", room_id="r1", buyer_id="b2")
        url = world.gateway.url + path.format(token=await token(world), other=other["id"])
        async with world.http.get(url, headers=headers) as response:
            assert (await response.json())["code"] == code


@virtual
async def test_a_token_ends():
    async with LiveWorld() as world:
        await world.furnish()
        short = await token(world, ttl_s=60)
        await world.clock.sleep(61)
        async with world.http.get(f"{world.gateway.url}/rooms/r1?token={short}") as response:
            assert (response.status, (await response.json())["code"]) == (401, "stale_page_token")
