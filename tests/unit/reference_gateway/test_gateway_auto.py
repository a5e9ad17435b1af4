"""Payments whose channel the router chooses, over HTTP: the choice, its reasons, and what happens when there is none."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from reference_gateway.app import build
from reference_gateway.errors import ChannelOutcomeUnknown, SettingsRefused
from tests.unit.reference_gateway.support import APP, FakeChannel, World, settings
from tests.unit.reference_gateway.test_gateway_payments import run

ROUTES = {
    "alipay": {"weight": 100, "fee_bp": 60},
    "wechatpay_v3": {"weight": 300, "fee_bp": 60},
    "unionpay_rsa": {"regions": ["HK"]},
    "alipay_v3": {"weight": 0},
}


class Named(FakeChannel):
    """Another channel."""

    def __init__(self, name: str, *supports: str) -> None:
        super().__init__()
        self.name = name
        self._supports = frozenset(supports or ("qr", "query"))

    def supports(self) -> frozenset[str]:
        return self._supports


def world(**changes: Any) -> World:
    names = ("alipay", "wechatpay_v3", "unionpay_rsa", "alipay_v3")
    channels: dict[str, FakeChannel] = {name: Named(name) for name in names}
    made = World(settings=settings(routes=ROUTES, breaker_calls_min=4, **changes))
    made.parts = {"channels": channels}
    return made


async def why(own: World, payment: Any) -> Any:
    status, route = await own.merchant.call("GET", f"/api/v1/payments/{payment['id']}/route")
    assert status == 200
    return route


def test_auto_takes_a_channel_by_its_shares_and_says_why():
    async def story(own: World) -> None:
        made = [await own.merchant.pay(f"o-{n}", channel="auto") for n in range(200)]
        assert {status for status, _ in made} == {201}
        taken = Counter(payment["channel"] for _, payment in made)
        assert set(taken) == {"alipay", "wechatpay_v3"}
        assert 0.6 < taken["wechatpay_v3"] / 200 < 0.9
        route = await why(own, made[0][1])
        assert (route["auto"], route["channel"]) == (True, made[0][1]["channel"])
        reasons = {one["channel"]: one["reason"] for one in route["weighings"]}
        assert reasons["alipay_v3"] == "has weight 0"
        assert reasons["wallet"] == "has no product qr"
        assert reasons["unionpay_rsa"] == "serves HK only, and no region was told"
        assert reasons["alipay"].startswith("weight 100, ")
        assert route["reason"].startswith(f"{route['channel']} drew the lot ")

    run(story, world())


def test_a_region_opens_a_channel_and_a_name_is_the_merchants_own_choice():
    async def story(own: World) -> None:
        made = [(await own.merchant.pay(f"h-{n}", channel="auto", region="HK"))[1] for n in range(60)]
        assert "unionpay_rsa" in {payment["channel"] for payment in made}
        _, payment = await own.merchant.pay("named", channel="alipay_v3")
        route = await why(own, payment)
        assert (route["auto"], route["reason"]) == (False, "the merchant asked for alipay_v3")
        assert route["weighings"] == []

    run(story, world())


def test_the_same_order_again_keeps_its_channel_even_when_none_is_left():
    async def story(own: World) -> None:
        _, first = await own.merchant.pay("o-1", channel="auto")
        await break_all(own)
        status, again = await own.merchant.pay("o-1", channel="auto")
        assert (status, again["id"], again["channel"]) == (200, first["id"], first["channel"])
        status, problem = await own.merchant.pay("o-1", amount_fen=101, channel="auto")
        assert (status, problem["code"]) == (503, "no_route")

    run(story, world())


async def break_all(own: World) -> None:
    """Let every channel fail until its circuit opens."""
    for name, channel in own.parts["channels"].items():
        channel.pay_answers = [ChannelOutcomeUnknown() for _ in range(20)]  # type: ignore[attr-defined]
        for n in range(4):
            await own.merchant.pay(f"broken-{name}-{n}", channel=name)


def test_open_circuits_are_passed_over_told_and_tried_again():
    async def story(own: World) -> None:
        await break_all(own)
        status, problem = await own.merchant.pay("o-2", channel="auto")
        assert (status, problem["code"]) == (503, "no_route")
        assert "alipay its circuit is open: 4 of 4 calls failed lately" in problem["detail"]
        _, told = await own.merchant.call("GET", "/api/v1/channels")
        assert {one["channel"]: one["circuit"] for one in told["items"]}["alipay"] == "open"
        for channel in own.parts["channels"].values():
            channel.pay_answers.clear()  # type: ignore[attr-defined]
        await own.clock.sleep(20)
        status, payment = await own.merchant.pay("o-2", channel="auto")
        assert status == 201
        route = await why(own, payment)
        assert any("this would be its probe" in one["reason"] for one in route["weighings"])

    run(story, world())


def test_a_product_that_nobody_has_is_refused_and_nothing_is_written():
    async def story(own: World) -> None:
        status, problem = await own.merchant.pay("o-1", channel="auto", product="h5")
        assert (status, problem["code"]) == (400, "unknown_product")
        assert own.store.state.payments == {}

    run(story, world())


def test_sixteen_of_the_same_order_at_once_get_one_payment_and_one_reason():
    async def story(own: World) -> None:
        made = await asyncio.gather(*(own.merchant.pay("o-1", channel="auto") for _ in range(16)))
        assert len({payment["id"] for _, payment in made}) == 1
        assert len(own.store.state.reconciling.routes) == 1

    run(story, world())


def test_a_route_to_a_channel_that_is_not_set_up_is_refused_with_the_nearest():
    own = World(settings=settings(routes={"alipai": {}}))
    with pytest.raises(SettingsRefused, match="did you mean 'alipay'"):
        build(own.settings, unit_of_work=own.store, channels={"alipay": own.channel}, apps={"live": APP})
