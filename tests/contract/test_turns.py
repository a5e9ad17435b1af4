"""A crowd on one payment waits in line in the gateway; it does not hold the connections that all others need."""

import asyncio

import asyncpg
import pytest

from reference_gateway.clock import SystemClock
from reference_gateway.errors import StoreUnavailable
from reference_gateway.service.capacity.turns import Turns
from reference_gateway.store import sql_connection
from reference_gateway.store.sql_store import SqlStore
from tests.unit.reference_gateway.support import World

pytestmark = pytest.mark.asyncio
CROWD = 16
CONNECTIONS = 2
SOON_S = 3.0
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def until_somebody_waits(watcher: asyncpg.Connection) -> None:
    async with asyncio.timeout(SOON_S):
        while not await watcher.fetchval(WAITING):
            await SystemClock().sleep(0.01)


async def test_a_crowd_that_waits_for_one_payment_leaves_connections_to_others(database_url, connect):
    store = SqlStore(database_url, pool_size=CONNECTIONS)
    async with World(clock=SystemClock(), store=store) as world:  # type: ignore[arg-type]  # real servers, real time
        merchant = world.merchant
        (_, wanted), (_, other) = await merchant.pay("o-1"), await merchant.pay("o-2")
        assert await merchant.notify(wanted) == (200, b"success")
        holder, watcher = await connect(), await connect()
        try:
            async with holder.transaction():
                await holder.execute("SELECT 1 FROM payments WHERE id = $1 FOR UPDATE", wanted["id"])
                body = {"merchant_refund_no": "r-1", "amount_fen": 100}
                crowd = [asyncio.ensure_future(merchant.act(wanted, "refunds", body)) for _ in range(CROWD)]
                await until_somebody_waits(watcher)
                async with asyncio.timeout(SOON_S):
                    others = [await merchant.payment(other) for _ in range(CROWD)]
            answers = await asyncio.gather(*crowd)
        finally:
            await holder.close()
            await watcher.close()
    assert {payment["id"] for payment in others} == {other["id"]}
    assert len({refund["id"] for status, refund in answers if status < 300}) == 1


async def test_a_pool_without_a_free_connection_says_so(database_url, monkeypatch):
    monkeypatch.setattr(sql_connection, "CONNECT_TIMEOUT_S", 0.5)
    store = SqlStore(database_url, pool_size=1)
    await store.open()
    try:
        async with store():
            with pytest.raises(StoreUnavailable, match="all 1 connections to PostgreSQL were busy") as told:
                async with store():
                    raise AssertionError("there was no second connection")
    finally:
        await store.close()
    assert told.value.reason == "connections_busy"


async def test_turns_come_in_the_order_of_asking_and_leave_nothing_behind():
    turns, seen = Turns(), []

    async def take(key: str, name: str) -> None:
        async with turns.of(key):
            seen.append(f"{name} in")
            await SystemClock().sleep(0)
            seen.append(f"{name} out")

    await asyncio.gather(take("p", "one"), take("p", "two"), take("q", "other"))
    assert seen.index("one out") < seen.index("two in")
    assert seen.index("other in") < seen.index("one out")
    assert len(turns) == 0


async def test_who_gives_up_waiting_lets_the_next_pass():
    turns = Turns()
    async with turns.of("p"):
        waiting = asyncio.ensure_future(turns.of("p").__aenter__())
        await SystemClock().sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert len(turns) == 0
