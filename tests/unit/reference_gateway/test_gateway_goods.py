"""Goods with stock: reserved with the order, deducted when it is paid, returned once when it ends unpaid."""

import asyncio
from typing import Any

import pytest

from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.money import Fen
from tests.unit.reference_gateway.live import LiveWorld, virtual

TWO: dict[str, Any] = {"purpose": "goods", "good_id": "g1", "quantity": 2}
WALLET: dict[str, Any] = {"channel": "wallet", "product": "balance", "buyer_id": "b1"}


async def counts(world: LiveWorld) -> tuple[int, int, int]:
    _, good = await world.merchant.call("GET", "/api/v1/goods/g1")
    return good["available"], good["reserved"], good["sold"]


@virtual
async def test_stock_is_reserved_with_the_order_and_deducted_when_it_is_paid():
    async with LiveWorld() as world:
        await world.furnish()
        _, order = await world.merchant.pay("o-1", 200, **TWO)
        assert await counts(world) == (3, 2, 0)
        for _ in range(3):
            await world.merchant.notify(order)
        assert await counts(world) == (3, 0, 2)
        assert world.balances() == {"channel:alipay": 200, "deposit:live": 200}
        _, stock = await world.merchant.call("GET", f"/api/v1/payments/{order['id']}/stock")
        assert stock == {"good_id": "g1", "quantity": 2, "status": "DEDUCTED", "logistics": None}


@virtual
async def test_the_same_order_again_reserves_nothing_more():
    async with LiveWorld() as world:
        await world.furnish()
        await asyncio.gather(*(world.merchant.pay("o-1", 200, **TWO) for _ in range(16)))
        assert await counts(world) == (3, 2, 0)


@pytest.mark.parametrize("paying", [{}, WALLET])
@virtual
async def test_many_orders_at_once_never_sell_more_than_there_is(paying):
    async with LiveWorld() as world:
        await world.furnish(stock=5)
        await world.top_up("b1", 10_000)
        orders = await asyncio.gather(*(world.merchant.pay(f"o-{n}", 200, **TWO, **paying) for n in range(16)))
        refused = [order for _, order in orders if order["failure_code"] == "out_of_stock"]
        assert {order["status"] for order in refused} == {"CLOSED"}
        assert len(refused) == 14
        assert await counts(world) == ((1, 0, 4) if paying else (1, 4, 0))


@virtual
async def test_an_order_refused_for_stock_never_reaches_the_channel():
    async with LiveWorld() as world:
        await world.furnish(stock=1)
        status, order = await world.merchant.pay("o-1", 200, **TWO)
        assert (status, order["status"], order["failure_code"]) == (201, "CLOSED", "out_of_stock")
        assert world.channel.calls == []
        assert await world.merchant.pay("o-1", 200, **TWO) == (200, order)


@virtual
async def test_stock_returns_once_when_the_order_ends_unpaid():
    async with LiveWorld() as world:
        await world.furnish()
        _, order = await world.merchant.pay("o-1", 200, **TWO)
        world.channel.reports[order["out_trade_no"]] = TradeReport(state=TradeState.CLOSED)
        for _ in range(2):
            await world.merchant.call("POST", f"/api/v1/payments/{order['id']}/sync")
        assert (await world.merchant.payment(order))["status"] == "CLOSED"
        assert await counts(world) == (5, 0, 0)


@virtual
async def test_paying_after_the_end_deducts_nothing_and_is_given_back():
    async with LiveWorld() as world:
        await world.furnish()
        _, order = await world.merchant.pay("o-1", 200, **TWO)
        world.channel.reports[order["out_trade_no"]] = TradeReport(state=TradeState.CLOSED)
        await world.merchant.call("POST", f"/api/v1/payments/{order['id']}/sync")
        await world.merchant.notify(order)
        await world.gateway.idle()
        assert await counts(world) == (5, 0, 0)
        assert world.balances() == {}


@virtual
async def test_a_wallet_that_does_not_reach_reserves_nothing():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 199)
        _, order = await world.merchant.pay("o-1", 200, **TWO, **WALLET)
        assert order["failure_code"] == "insufficient_balance"
        assert await counts(world) == (5, 0, 0)


@virtual
async def test_a_refund_of_goods_comes_from_the_deposit():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 500)
        order = (await world.merchant.pay("o-1", 200, **TWO, **WALLET))[1]
        assert (await world.refund(order, 150))[1]["status"] == "SUCCEEDED"
        assert world.balances() == {"channel:alipay": 500, "deposit:live": 50, "wallet:live:b1": 450}


@virtual
async def test_a_wrong_price_is_refused():
    async with LiveWorld() as world:
        await world.furnish()
        status, problem = await world.merchant.pay("o-1", 199, **TWO)
        assert (status, problem["code"]) == (409, "price_mismatch")
        assert (await world.merchant.pay("o-2", 200, **{**TWO, "good_id": "g9"}))[1]["code"] == "unknown_good"
        assert await counts(world) == (5, 0, 0)


@virtual
async def test_close_racing_paid_keeps_every_unit_in_one_place():
    async with LiveWorld() as world:
        await world.furnish()
        _, order = await world.merchant.pay("o-1", 200, **TWO)
        world.channel.reports[order["out_trade_no"]] = TradeReport(state=TradeState.CLOSED, amount_fen=Fen(200))
        path = f"/api/v1/payments/{order['id']}/sync"
        await asyncio.gather(*(world.merchant.call("POST", path) for _ in range(4)), world.merchant.notify(order))
        await world.gateway.idle()
        status = (await world.merchant.payment(order))["status"]
        assert await counts(world) == ((3, 0, 2) if status == "PAID" else (5, 0, 0))
        assert world.balances().get("deposit:live", 0) == (200 if status == "PAID" else 0)
