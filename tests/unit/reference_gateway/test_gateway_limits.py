"""Risk: too often, too much, or from the wrong place is refused before anything is written."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.reference_gateway.live import LiveWorld, virtual
from tests.unit.reference_gateway.support import settings

TIP: dict[str, Any] = {"purpose": "tip", "room_id": "r1", "buyer_id": "b1"}


def world_with(*limits: dict[str, Any], **more: Any) -> LiveWorld:
    return LiveWorld(settings=settings(limits=limits, **more))


@pytest.mark.parametrize(
    ("limit", "other"),
    [
        ({"by": "buyer"}, {"buyer_id": "b2"}),
        ({"by": "room"}, {"room_id": "r2"}),
        ({"by": "app"}, None),
    ],
)
@virtual
async def test_who_asks_too_often_is_told_when_to_come_again_and_others_are_served(limit, other):
    async with world_with({**limit, "window_s": 60, "count_max": 3}) as world:
        await world.furnish()
        await world.merchant.call("POST", "/api/v1/rooms", {"id": "r2", "streamer_id": "s2", "title": "x"})
        for number in range(3):
            assert (await world.merchant.pay(f"o-{number}", 100, **TIP))[0] == 201
        status, problem = await world.merchant.pay("o-3", 100, **TIP)
        assert (status, problem["code"]) == (429, f"{limit['by']}_rate_limit")
        assert len(await world.merchant.exported()) == 3
        if other is not None:
            assert (await world.merchant.pay("o-4", 100, **{**TIP, **other}))[0] == 201
        await world.clock.sleep(60)
        assert (await world.merchant.pay("o-3", 100, **TIP))[0] == 201


@virtual
async def test_the_answer_says_in_a_header_when_the_window_is_over():
    async with world_with({"by": "buyer", "window_s": 60, "count_max": 1}) as world:
        await world.furnish()
        await world.merchant.pay("o-1", 100, **TIP)
        body = {"merchant_order_no": "o-2", "amount_fen": 1, "currency": "CNY", "subject": "x", "channel": "alipay"}
        raw = json.dumps({**body, "product": "qr", **TIP}).encode()
        headers = world.merchant.headers("POST", "/api/v1/payments", raw)
        async with world.http.post(f"{world.gateway.url}/api/v1/payments", data=raw, headers=headers) as response:
            assert response.status == 429
            assert 0 < int(response.headers["Retry-After"]) <= 60


@virtual
async def test_money_is_limited_too_and_what_is_refused_is_not_counted():
    async with world_with({"by": "buyer", "window_s": 3600, "amount_fen_max": 500}) as world:
        await world.furnish()
        assert (await world.merchant.pay("o-1", 300, **TIP))[0] == 201
        assert (await world.merchant.pay("o-2", 201, **TIP))[1]["code"] == "buyer_amount_limit"
        assert (await world.merchant.pay("o-3", 200, **TIP))[0] == 201


@virtual
async def test_one_payment_may_be_too_much():
    async with world_with(payment_fen_max=1000) as world:
        await world.furnish()
        status, problem = await world.merchant.pay("o-1", 1001, **TIP)
        assert (status, problem["code"]) == (403, "amount_limit")
        assert (await world.merchant.pay("o-2", 1000, **TIP))[0] == 201


@pytest.mark.parametrize(("networks", "status"), [("10.0.0.0/8", 403), ("10.0.0.0/8, 127.0.0.0/8", 200), ("", 200)])
@virtual
async def test_notifies_are_taken_from_the_named_networks(networks, status):
    async with world_with(notify_networks=networks) as world:
        _, payment = await world.merchant.pay()
        assert (await world.merchant.notify(payment))[0] == status
        assert (await world.merchant.payment(payment))["status"] == ("PAID" if status == 200 else "PENDING")


@pytest.mark.parametrize("limit", [{"by": "buyer", "window_s": 1}, {"by": "nobody", "window_s": 1, "count_max": 1}])
def test_a_limit_that_limits_nothing_is_refused(limit):
    with pytest.raises(ValidationError):
        settings(limits=[limit])
