"""Who was sent away before the channel had answered hears by an event that the buyer can pay; who waited does not."""

import asyncio
from typing import Any

import aiohttp
import pytest

from reference_gateway.errors import ChannelOutcomeUnknown
from tests.unit.reference_gateway.live import LiveWorld, virtual
from tests.unit.reference_gateway.support import World, settings

SYNC_WAIT_S = 0.8
TIP: dict[str, Any] = {"purpose": "tip", "room_id": "r1", "buyer_id": "alice"}


def told(world: World) -> list[tuple[str, Any]]:
    return [(event["type"], event["data"]) for event in world.sender.sent]


def slow(world: World, seconds: float) -> None:
    async def wait(what: str, _number: str) -> None:
        if what == "pay":
            await world.clock.sleep(seconds)

    world.channel.on_call = wait


async def heard(stream: aiohttp.ClientResponse, word: bytes) -> bytes:
    """The first line of the stream with that word."""
    async for line in stream.content:
        if word in line:
            return line
    raise AssertionError("the stream has ended")


@virtual
async def test_the_answer_is_enough_for_who_waited_for_it():
    async with World() as world:
        slow(world, SYNC_WAIT_S / 2)
        status, payment = await world.merchant.pay()
        await world.gateway.idle()
        assert (status, payment["pay_params"] is None) == (201, False)
        assert told(world) == []


@virtual
async def test_who_was_sent_away_is_told_once_with_what_the_buyer_needs():
    async with World() as world:
        slow(world, SYNC_WAIT_S * 2)
        status, payment = await world.merchant.pay()
        assert (status, payment["pay_params"]) == (202, None)
        await world.clock.sleep(SYNC_WAIT_S * 3)
        await world.gateway.idle()
        [(kind, data)] = told(world)
        assert (kind, data["id"], data["status"]) == ("payment.ready", payment["id"], "PENDING")
        assert data["pay_params"] == {"qr_code": f"https://qr.example/{payment['out_trade_no']}"}
        assert await world.merchant.payment(payment) == data


@virtual
async def test_an_order_that_another_instance_opens_is_told():
    async with World(settings=settings(role="admit")) as world:
        status, payment = await world.merchant.pay()
        assert status == 202
        store = world.store
        async with World(store=store, settings=settings()) as other:
            await other.clock.sleep(2)
            await other.gateway.idle()
            assert [(kind, data["id"]) for kind, data in told(other)] == [("payment.ready", payment["id"])]


@virtual
async def test_an_opening_whose_answer_was_lost_is_told_when_it_is_opened_again():
    async with World() as world:
        world.channel.pay_answers = [ChannelOutcomeUnknown("lost")]
        status, payment = await world.merchant.pay()
        assert status == 202
        await world.clock.sleep(30)
        await world.gateway.idle()
        assert [(kind, data["id"]) for kind, data in told(world)] == [("payment.ready", payment["id"])]


@virtual
async def test_nothing_is_said_of_a_code_that_came_after_the_order_had_ended():
    async with World() as world:
        world.channel.offers = frozenset({"qr", "close"})
        slow(world, SYNC_WAIT_S * 2)
        _, payment = await world.merchant.pay()
        await world.merchant.act(payment, "close", {})
        await world.clock.sleep(60)
        await world.gateway.idle()
        assert (await world.merchant.payment(payment))["status"] == "CLOSED"
        assert told(world) == []


@pytest.mark.parametrize("early_s", [0.0, 0.001, 0.01, SYNC_WAIT_S])
@virtual
async def test_an_opening_is_answered_or_told_and_never_neither(early_s):
    """However the end of the caller's patience falls beside the channel's answer."""
    async with World() as world:
        slow(world, SYNC_WAIT_S - early_s)
        answers = await asyncio.gather(*(world.merchant.pay(f"o-{n}") for n in range(20)))
        await world.clock.sleep(5)
        await world.gateway.idle()
        answered = {payment["id"] for _, payment in answers if payment["pay_params"] is not None}
        heard = [data["id"] for _, data in told(world)]
        assert answered.isdisjoint(heard)
        assert sorted([*answered, *heard]) == sorted(payment["id"] for _, payment in answers)


@virtual
async def test_a_page_that_waits_for_the_code_hears_that_it_is_there():
    async with LiveWorld() as world:
        await world.furnish()
        slow(world, SYNC_WAIT_S * 2)
        _, payment = await world.merchant.pay(**TIP)
        target = f"/api/v1/payments/{payment['id']}/events"
        headers = world.merchant.headers("GET", target, b"")
        async with asyncio.timeout(60), world.http.get(world.gateway.url + target, headers=headers) as stream:
            assert b'"qr_code"' in await heard(stream, b'"payment.ready"')
