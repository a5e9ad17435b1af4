"""
The audit's side of a foreign gateway: what the provider's book has is asked for by its number, or said to be unknown.
"""

import asyncio
from dataclasses import replace

from aiohttp import web

from harness.commands.audit import adopted
from harness.sut.driver.gateway import HttpGateway
from harness.sut.driver.schema import DriverFile
from tests.unit.harness.rows import trade

KNOWN = {"T1": {"state": "DONE", "fen": 990}}


def driver(url: str, *, path: str) -> DriverFile:
    return DriverFile.model_validate(
        {
            "name": "shop",
            "url": url,
            "channels": {"alipay": "ali"},
            "create": {"path": "/orders", "id": "/id", "status": "/state"},
            "get": {"method": "GET", "path": path, "status": "/state", "amount_fen": "/fen"},
            "states": {"DONE": "PAID"},
        }
    )


async def answer(request: web.Request) -> web.Response:
    known = KNOWN.get(request.match_info["number"])
    return web.json_response(known) if known else web.json_response({}, status=404)


async def told(path: str, *numbers: str) -> tuple[list[str], list[str]]:
    """
    Returns:
        The doubts, and what the gateway's export then tells.
    """
    app = web.Application()
    app.router.add_get("/orders/{number}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway = HttpGateway(driver(f"http://127.0.0.1:{runner.addresses[0][1]}", path=path), values={})
    try:
        doubts = await adopted(gateway, [replace(trade(), out_trade_no=number) for number in numbers])
        return doubts, [f"{one.out_trade_no} {one.status}" async for one in gateway.export()]
    finally:
        await gateway.close()
        await runner.cleanup()


def test_what_the_book_has_is_asked_for_by_its_number():
    assert asyncio.run(told("/orders/{{out_trade_no}}", "T1")) == ([], ["T1 PAID"])


def test_what_the_gateway_does_not_tell_of_is_a_doubt():
    doubts, exported = asyncio.run(told("/orders/{{out_trade_no}}", "T1", "T2"))

    assert doubts == ["the gateway does not tell of 1 of 2 orders by the number that the book has"]
    assert exported == ["T1 PAID"]


def test_a_driver_that_asks_by_the_gateways_own_number_cannot_tell():
    doubts, exported = asyncio.run(told("/orders/{{payment_id}}", "T1"))

    assert doubts == [
        "the driver asks for a payment by the gateway's own number, which the provider's book does not hold"
    ]
    assert exported == []
