"""The live rooms over processes: two gateways racing on one database, and SIGKILL at every place of their flows."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.contract.live_rounds import LiveOutside, LiveRaces, furnish, top_up
from tests.contract.race_world import balanced, balances, served
from tests.contract.test_gateway_process import Running, running

pytestmark = [pytest.mark.asyncio, pytest.mark.processes]
ROUNDS = 20
WALLET = {"channel": "wallet", "product": "balance", "buyer_id": "b1"}
# Every place is tried in forked gateways by tests/processes/test_crash_table_live.py; here two, through a real exec.
CRASHES = ["packet.before_expiry_commit", "claim.before_commit"]


@pytest_asyncio.fixture
async def outside(tmp_path: Path) -> AsyncIterator[tuple[LiveOutside, str]]:
    made = LiveOutside()
    async with served(made, tmp_path) as url:
        yield made, url


async def test_tips_claims_and_stock_are_exact_between_two_gateways(database_url, outside, tmp_path, connect):
    around, url = outside
    async with running(database_url, url, tmp_path) as one, running(database_url, url, tmp_path) as two:
        races = LiveRaces(one, two, around)
        for number in range(ROUNDS):
            told = await races.round(number)
            assert told["ok"], (number, told)
    assert balanced(await balances(connect))


async def story(life: Running) -> Any:
    """Top up, tip, fund, claim, pay out; everything may be repeated. Returns the packet."""
    await furnish(life)
    await top_up(life, "b1", 3)
    status, tip = await life.merchant.pay("t-1", 100, purpose="tip", room_id="r1", **WALLET)
    assert (status in (200, 201), tip["status"]) == (True, "PAID")
    fund = {"packet_no": "p-1", "amount_fen": 60, "count": 2, "room_id": "r1", **WALLET}
    _, packet = await life.merchant.call("POST", "/api/v1/red-packets", fund)
    await life.merchant.call("POST", f"/api/v1/red-packets/{packet['id']}/claims", {"claimant_id": "c1"})
    payee = {"packet_id": packet["id"], "claimant_id": "c1", "channel": "alipay", "account": "2088123412341234"}
    await life.merchant.call("POST", "/api/v1/payouts", {"merchant_payout_no": "po-1", **payee})
    return packet


@pytest.mark.parametrize("place", CRASHES)
async def test_a_kill_in_the_rooms_loses_nothing_and_pays_nothing_twice(
    database_url, outside, tmp_path, connect, place
):
    around, url = outside
    expiring = {"GATEWAY_RED_PACKET_TTL_S": "15"}
    async with running(database_url, url, tmp_path, GATEWAY_CRASH_POINT=place, **expiring) as life:
        with contextlib.suppress(aiohttp.ClientError):
            await story(life)
        assert await life.ended() == -signal.SIGKILL
    async with running(database_url, url, tmp_path, **expiring) as life:
        await story(life)
        await around.told("payout.succeeded")
        await around.told("red_packet.expired")
        _, claims = await life.merchant.call("GET", "/api/v1/payments?limit=100")
        packet = await story(life)
        _, claims = await life.merchant.call("GET", f"/api/v1/red-packets/{packet['id']}/claims")
    [claim] = claims["items"]
    assert list(around.transfers.values()) != []
    assert len(around.transfers) == 1
    assert await balances(connect) == {
        "channel:alipay": 300 - claim["amount_fen"],
        "streamer:live:s1": 70,
        "platform:live": 30,
        "wallet:live:b1": 200 - claim["amount_fen"],
    }


async def test_a_reader_hears_what_another_gateway_commits(database_url, redis_url, outside, tmp_path):
    _, url = outside
    told = {"GATEWAY_REDIS_URL": redis_url}
    async with running(database_url, url, tmp_path, **told) as one, running(database_url, url, tmp_path, **told) as two:
        await furnish(one)
        await top_up(one, "b1", 1)
        _, made = await one.merchant.call("POST", "/api/v1/rooms/r1/page-tokens", {"buyer_id": "b1"})
        async with two.http.get(f"{two.url}/rooms/r1/events?token={made['token']}") as response:
            begun = asyncio.get_running_loop().time()
            await one.merchant.pay("t-1", 100, purpose="tip", room_id="r1", **WALLET)
            async with asyncio.timeout(20):
                while not (line := await response.content.readline()).startswith(b"data:"):
                    pass
            assert json.loads(line[5:])["amount_yuan_text"] == "1.00"
            # The bell came through Redis: a heartbeat alone takes up to two seconds.
            assert asyncio.get_running_loop().time() - begun < 1.5
