"""The room's page: whole without a script, and nothing in it that a stranger wrote."""

import re
from typing import Any

import pytest

from tests.unit.reference_gateway.live import LiveWorld, virtual
from tests.unit.reference_gateway.test_gateway_streams import token

AMOUNT = {"amount_yuan": "9.90"}


async def get(world: LiveWorld, path: str, **headers: str) -> tuple[Any, str]:
    async with world.http.get(world.gateway.url + path, headers=headers) as response:
        return response, await response.text()


async def press_tip(world: LiveWorld, **changes: str) -> tuple[int, str]:
    """Open the room, fill its form, press the button; return the status and where it leads."""
    own = await token(world)
    _, html = await get(world, f"/rooms/r1?token={own}")
    tip_no = re.search(r'name="tip_no" value="(\w+)"', html)
    assert tip_no is not None
    form = {"token": own, "tip_no": tip_no[1], "channel": "alipay", **AMOUNT, **changes}
    url = f"{world.gateway.url}/rooms/r1/tips"
    async with world.http.post(url, data=form, allow_redirects=False) as response:
        return response.status, response.headers.get("Location") or (await response.json())["code"]


@virtual
async def test_watch_tip_scan_and_see_it_turn_paid_without_a_script():
    async with LiveWorld() as world:
        await world.furnish()
        status, place = await press_tip(world)
        assert status == 303
        _, html = await get(world, place)
        assert "<svg" in html
        assert '<meta http-equiv="refresh"' in html
        assert "等待支付" in (await get(world, place, **{"Accept-Language": "zh-CN"}))[1]
        [payment] = await world.merchant.exported()
        assert (payment["amount_fen"], payment["buyer_id"], payment["purpose"]) == (990, "b1", "tip")
        await world.merchant.notify(payment)
        _, html = await get(world, place)
        assert "Paid ✓" in html
        assert "<svg" not in html
        _, html = await get(world, place.partition("/payments")[0] + "?" + place.partition("?")[2])
        assert "¥9.90" in html
        assert "b***1" in html


@virtual
async def test_pressing_twice_pays_once():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 5000)
        first = await press_tip(world, channel="wallet", tip_no="web12345678")
        again = await press_tip(world, channel="wallet", tip_no="web12345678")
        assert first[0] == again[0] == 303
        assert world.balances()["wallet:live:b1"] == 5000 - 990


@virtual
async def test_a_balance_that_does_not_reach_is_told():
    async with LiveWorld() as world:
        await world.furnish()
        _, place = await press_tip(world, channel="wallet")
        assert "The balance does not reach" in (await get(world, place))[1]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount_yuan": "0"}, 422),
        ({"amount_yuan": "1e3"}, 422),
        ({"amount_yuan": "-1.00"}, 422),
        ({"amount_yuan": "999999999.00"}, 422),
        ({"tip_no": "o-1"}, 422),
        ({"channel": "none"}, 400),
        ({"token": "x"}, 401),
    ],
)
@virtual
async def test_what_a_person_types_is_checked(changes, status):
    async with LiveWorld() as world:
        await world.furnish()
        assert (await press_tip(world, **changes))[0] == status
        assert await world.merchant.exported() == []


@virtual
async def test_nothing_that_a_stranger_wrote_becomes_markup():
    async with LiveWorld() as world:
        room = {"id": "r1", "streamer_id": "<b>s</b>", "title": "</title><script>alert(1)</script>"}
        await world.merchant.call("POST", "/api/v1/rooms", room)
        response, html = await get(world, f"/rooms/r1?token={await token(world, '<i>')}")
        assert "<b>s" not in html
        assert "<script>alert" not in html
        policy = response.headers["Content-Security-Policy"]
        nonce = re.search(r"script-src 'nonce-(\w+)'", policy)
        assert nonce is not None
        assert html.count("<script") == html.count(f'<script nonce="{nonce[1]}"') == 1
        assert response.headers["Referrer-Policy"] == "no-referrer"
