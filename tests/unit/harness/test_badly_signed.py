"""
A gateway that wants signatures, asked as nobody should ask: what a driver in YAML sends, byte by byte.
"""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from harness.errors import AbilityMissingError
from harness.sut.contract import Ability, BadSeal, NewPayment, Outcome, Reply
from harness.sut.driver.gateway import HttpGateway
from harness.sut.driver.schema import DriverFile

PAYMENT = NewPayment(merchant_order_no="o1", amount_fen=990, subject="tip")
Heard = list[tuple[str | None, str]]


def driver(url: str, **more: Any) -> DriverFile:
    create = {"path": "/orders", "body": {"no": "{{order_no}}", "fen": "{{amount_fen}}"}, "status": "/state", **more}
    said = {"name": "shop", "url": url, "channels": {"alipay": "alipay"}, "states": {"OPEN": "PENDING"}}
    return DriverFile.model_validate({**said, "signing": "my:sign", "create": create})


def sign(*, method: str, path: str, body: bytes) -> dict[str, str]:
    return {"X-Sign": f"{method} {path} {body.decode()}"}


def asked(*seals: BadSeal | None, **create: Any) -> tuple[list[Reply[Any]], Heard]:
    """
    What came of each request at a shop that looks at the signature, and what the shop heard.
    """
    heard: Heard = []

    async def orders(request: web.Request) -> web.Response:
        body = await request.text()
        heard.append((request.headers.get("X-Sign"), body))
        good = request.headers.get("X-Sign") == f"POST /orders {body}"
        return web.json_response({"state": "OPEN"}, status=200 if good else 401)

    async def run() -> list[Reply[Any]]:
        app = web.Application()
        app.router.add_post("/orders", orders)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        gateway = HttpGateway(driver(f"http://127.0.0.1:{runner.addresses[0][1]}", **create), values={}, sign=sign)
        try:
            return [
                await (gateway.create(PAYMENT) if one is None else gateway.create_badly_signed(PAYMENT, seal=one))
                for one in seals
            ]
        finally:
            await gateway.close()
            await runner.cleanup()

    return asyncio.run(run()), heard


def test_a_driver_that_signs_can_ask_without_a_signature_and_under_anothers():
    replies, heard = asked(None, BadSeal.NONE, BadSeal.OTHER_BODY)

    assert [one.outcome for one in replies] == [Outcome.OK, Outcome.REFUSED, Outcome.REFUSED]
    assert {body for _, body in heard} == {'{"no":"o1","fen":990}'}
    assert [over for over, _ in heard][1:] == [None, 'POST /orders {"no":"o1","fen":991}']


def test_where_no_amount_is_signed_there_is_no_other_one_to_sign():
    (reply,), heard = asked(BadSeal.OTHER_BODY, body={"no": "{{order_no}}"})

    assert (reply.outcome, heard) == (Outcome.UNKNOWN, [])


def test_what_a_plug_in_cannot_sign_no_driver_declares():
    gateway = HttpGateway(driver("http://127.0.0.1:1"), values={}, sign=sign)

    assert Ability.SIGN_BADLY in gateway.abilities
    assert not gateway.abilities & {Ability.SIGN_LATE, Ability.REPEAT_NONCES}
    with pytest.raises(AbilityMissingError, match="old"):
        asyncio.run(gateway.create_badly_signed(PAYMENT, seal=BadSeal.OLD))
