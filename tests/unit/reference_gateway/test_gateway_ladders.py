"""When a channel is asked about what nobody knows: on its vendor's ladder, else on the general one, and never no more."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.app import Parts
from reference_gateway.channels.registry import ADVISED_LADDERS_S
from reference_gateway.errors import ChannelOutcomeUnknown
from tests.unit.reference_gateway.support import FakeChannel, World, settings

UNKNOWN = 9
TIMEOUT_S = 8.0
ADVISED = [1, 2, 4, 8, 16, 32, 40, 80]
GENERAL = [5, 10, 20, 40, 80, 160, 320, 600]
GIVEN = [3, 3, 3, 3, 3, 3, 3, 3]
LADDERS = [("unionpay_rsa", {}, ADVISED), ("alipay", {}, GENERAL), ("unionpay_sm2", {"poll_ladder_s": (3,)}, GIVEN)]


class Asked(FakeChannel):
    """Remembers when it was asked for what."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.at: list[tuple[str, datetime]] = []

    def spans_s(self, *what: str) -> list[float]:
        """The seconds between one call and the next."""
        times = [at for name, at in self.at if name in what]
        return [round((after - before).total_seconds(), 1) for before, after in pairwise(times)]


def run(name: str, changes: dict[str, Any], story: Callable[[World, Asked], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        channel = Asked(name)
        parts = Parts(channels={name: channel})
        own = settings(order_ttl_s=86_400, channel_timeout_s=TIMEOUT_S, **changes)
        async with World(channel=channel, parts=parts, settings=own) as world:

            async def remember(what: str, _number: str) -> None:
                channel.at.append((what, world.clock.now()))

            channel.on_call = remember
            await story(world, channel)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


@pytest.mark.parametrize(("name", "changes", "ladder"), LADDERS)
def test_an_opening_that_nobody_knows_of_is_asked_about_on_the_ladder(name, changes, ladder):
    async def story(world: World, channel: Asked) -> None:
        channel.pay_answers = [ChannelOutcomeUnknown("lost") for _ in range(UNKNOWN + 1)]
        _, payment = await world.merchant.pay(channel=name)
        await world.clock.sleep(sum(ladder) + 1)
        spans = channel.spans_s("pay", "query")
        # A query that finds nothing is followed by another try at once, under the same number.
        assert [span for span in spans if span] == ladder
        assert {number for _, number in channel.calls} == {payment["out_trade_no"]}

    run(name, changes, story)


@pytest.mark.parametrize(("name", "changes", "ladder"), LADDERS)
def test_a_refund_that_nobody_knows_of_is_asked_about_on_the_ladder(name, changes, ladder):
    async def story(world: World, channel: Asked) -> None:
        _, payment = await world.merchant.pay(channel=name)
        async with world.http.post(
            f"{world.gateway.url}/notify/{name}",
            json={"signed": True, "id": "n", "kind": "paid", "order": payment["out_trade_no"], "amount": 100},
        ) as answer:
            assert answer.status == 200
        channel.refund_answers = [ChannelOutcomeUnknown("03") for _ in range(UNKNOWN)]
        await world.merchant.act(payment, "refunds", {"merchant_refund_no": "r", "amount_fen": 100})
        await world.clock.sleep(sum(ladder) + 1)
        assert channel.spans_s("refund") == ladder
        assert len({number for what, number in channel.calls if what == "refund"}) == 1

    run(name, changes, story)


@pytest.mark.parametrize("name", ADVISED_LADDERS_S)
def test_a_call_that_never_came_back_is_asked_about_when_its_time_and_the_first_rung_are_over(name):
    async def story(world: World, channel: Asked) -> None:
        def never() -> Coroutine[Any, Any, None]:
            return world.clock.sleep(10_000)

        remember = channel.on_call

        async def hang(what: str, number: str) -> None:
            assert remember is not None
            await remember(what, number)
            if what == "pay":
                await never()

        channel.on_call = hang
        await world.merchant.pay(channel=name)
        await world.clock.sleep(TIMEOUT_S + 2)
        assert channel.spans_s("pay", "query")[:1] == [TIMEOUT_S + 1]

    run(name, {}, story)


def test_a_capture_is_asked_about_soon_wherever_its_freeze_stood_on_the_ladder():
    async def story(world: World, channel: Asked) -> None:
        channel.offers = frozenset({"qr", "preauth", "capture", "query"})
        _, payment = await world.merchant.pay(hold=True)
        await world.clock.sleep(40_000)
        channel.capture_answers = [ChannelOutcomeUnknown("lost")]
        await world.merchant.act(payment, "capture", {})
        await world.clock.sleep(TIMEOUT_S + GENERAL[0] + 1)
        assert channel.spans_s("capture", "query")[-1:] == [TIMEOUT_S + GENERAL[0]]

    run("alipay", {}, story)
