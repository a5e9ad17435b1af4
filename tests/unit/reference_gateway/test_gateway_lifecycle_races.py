"""Ends, notifies and refunds that meet, the turns drawn: whoever wins, the money is exact and each effect is one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.world.virtual_loop import VirtualLoop
from tests.unit.reference_gateway.support import World
from tests.unit.reference_gateway.test_gateway_races import store_with

COPIES = 64
OFFERS = frozenset({"qr", "query", "close", "reverse"})
turns = st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=40)


def raced(drawn: list[int], story: Callable[[World], Coroutine[Any, Any, Any]]) -> Any:
    async def told() -> Any:
        world = World(store=store_with(drawn))
        world.channel.offers = OFFERS
        async with world:
            return await story(world)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(told())


def books(world: World) -> tuple[int, int]:
    return world.store.state.balances["app:live"], world.store.state.balances["channel:alipay"]


def refunds_called(world: World) -> set[str]:
    return {number for what, number in world.channel.calls if what == "refund"}


@settings(max_examples=20, deadline=None)
@given(turns)
def test_a_notify_that_races_a_close_leaves_a_paid_order_or_one_refund(drawn):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        ends = (world.merchant.act(payment, what) for what in ("close", "cancel", "close"))
        await asyncio.gather(*ends, *(world.merchant.notify(payment) for _ in range(8)))
        await world.clock.sleep(60)
        await world.gateway.idle()
        after = await world.merchant.payment(payment)
        if after["status"] == "PAID":
            assert (books(world), refunds_called(world)) == ((100, 100), set())
            assert world.effects.seen == [("paid", payment["id"])]
        else:
            assert after["refund_status"] == "FULL"
            assert (books(world), len(refunds_called(world))) == ((0, 0), 1)
            assert world.effects.seen == [("ended", payment["id"])]

    raced(drawn, story)


@settings(max_examples=8, deadline=None)
@given(turns)
def test_late_notifies_that_race_the_automatic_refund_are_given_back_once(drawn):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.act(payment, "close")
        await asyncio.gather(*(world.merchant.notify(payment, id=f"n{n % 4}") for n in range(COPIES)))
        await world.clock.sleep(60)
        await world.gateway.idle()
        assert (books(world), len(refunds_called(world))) == ((0, 0), 1)
        assert [event["type"] for event in world.sender.sent] == ["refund.succeeded"]
        assert world.effects.seen == [("ended", payment["id"])]

    raced(drawn, story)


@settings(max_examples=8, deadline=None)
@given(turns)
def test_equal_and_unequal_refunds_at_once_give_back_no_fen_too_much(drawn):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        asked = [{"merchant_refund_no": f"r{n % 8}", "amount_fen": 30} for n in range(COPIES)]
        answers = await asyncio.gather(*(world.merchant.act(payment, "refunds", body) for body in asked))
        await world.gateway.idle()
        made = {answer["id"] for code, answer in answers if code in (200, 201, 202)}
        assert (len(made), len(refunds_called(world)), books(world)) == (3, 3, (10, 10))
        assert {code for code, _ in answers} <= {200, 201, 202, 409}

    raced(drawn, story)


@settings(max_examples=8, deadline=None)
@given(turns)
def test_the_closer_and_a_cancel_that_meet_end_the_order_once(drawn):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.clock.sleep(899.999)
        await asyncio.gather(*(world.merchant.act(payment, "cancel") for _ in range(4)), world.clock.sleep(1))
        await world.gateway.idle()
        assert (await world.merchant.payment(payment))["status"] in ("CANCELLED", "CLOSED")
        assert world.effects.seen == [("ended", payment["id"])]
        assert books(world) == (0, 0)

    raced(drawn, story)


@settings(max_examples=8, deadline=None)
@given(turns)
def test_sixty_four_confirmations_at_once_complete_the_order_once(drawn):
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        parcel = {"carrier": "SF", "tracking_no": "1"}
        await asyncio.gather(*(world.merchant.act(payment, "ship", parcel) for _ in range(8)))
        await asyncio.gather(*(world.merchant.act(payment, "confirm") for _ in range(COPIES)))
        await world.gateway.idle()
        told = [event["type"] for event in world.sender.sent]
        assert sorted(told) == ["payment.completed", "payment.paid", "payment.shipped"]
        assert [what for what, _ in world.effects.seen] == ["paid", "shipped", "completed"]

    raced(drawn, story)
