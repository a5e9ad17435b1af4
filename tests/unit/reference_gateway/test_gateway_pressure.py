"""Under pressure callers are told to come back, then turned away; what was let in is never lost, and a stop is graceful."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.service.capacity.pressure import Kind
from reference_gateway.service.orders.create_payment import is_waiting
from reference_gateway.store.memory_unit_of_work import MemoryUnitOfWork
from tests.unit.reference_gateway.support import World, settings


def run(story: Callable[[World], Coroutine[Any, Any, None]], **changes: Any) -> None:
    async def told() -> None:
        async with World(settings=settings(**changes)) as world:
            await story(world)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


def held(world: World) -> asyncio.Event:
    """A channel that answers nobody before the event is set."""
    door = asyncio.Event()

    async def wait(what: str, number: str) -> None:
        await door.wait()

    world.channel.on_call = wait
    return door


def slow(world: World, call_s: float) -> None:
    """Each call to the channel takes so long."""

    async def wait(what: str, number: str) -> None:
        await world.clock.sleep(call_s)

    world.channel.on_call = wait


async def status_and_header(world: World, number: str) -> tuple[int, str | None, Any]:
    body = f'{{"merchant_order_no":"{number}","amount_fen":1,"currency":"CNY","subject":"s","channel":"alipay","product":"qr"}}'
    signed = world.merchant.headers("POST", "/api/v1/payments", body.encode())
    async with world.http.post(f"{world.gateway.url}/api/v1/payments", data=body, headers=signed) as answer:
        return answer.status, answer.headers.get("Retry-After"), await answer.json(content_type=None)


def test_a_full_gateway_says_429_with_retry_after_and_writes_nothing():
    async def story(world: World) -> None:
        door = held(world)
        inside = [asyncio.create_task(world.merchant.pay(f"o-{n}")) for n in range(4)]
        assert {status for status, _ in await asyncio.gather(*inside)} == {202}
        status, after, problem = await status_and_header(world, "one-too-many")
        assert (status, problem["code"]) == (429, "too_busy")
        assert after is not None
        assert 1 <= int(after) <= 30
        assert len(world.store.state.payments) == 4
        door.set()
        await world.gateway.idle()
        assert (await world.merchant.pay("one-too-many"))[0] == 201

    run(story, calls_max=2, waited_max=2, admitted_max=4)


def test_an_order_that_would_wait_too_long_for_the_channel_is_refused_and_a_tip_is_not():
    async def story(world: World) -> None:
        slow(world, 1)
        await asyncio.gather(*(world.merchant.pay(f"o-{n}") for n in range(40)))
        await world.clock.sleep(10)
        # One call takes a second: some thirty stand there, and whoever joined them would wait for thirty seconds.
        status, after, problem = await status_and_header(world, "late")
        assert (status, problem["code"]) == (429, "too_busy")
        assert 10 <= int(after or 0) <= 20
        assert len(world.store.state.payments) == 40
        tip = await world.merchant.pay("tip", channel="wallet", product="balance", purpose="tip", room_id="none")
        assert tip[0] != 429
        await world.clock.sleep(int(after or 0))
        assert (await world.merchant.pay("late"))[0] == 202

    run(story, calls_max=1, waited_max=1, admitted_max=100, opening_wait_s_max=20)


def test_who_is_refused_for_the_wait_may_send_the_very_same_bytes_again():
    async def story(world: World) -> None:
        door = held(world)
        await asyncio.gather(*(world.merchant.pay(f"o-{n}") for n in range(40)))
        await world.clock.sleep(2)
        body = (
            b'{"merchant_order_no":"x","amount_fen":1,"currency":"CNY","subject":"s","channel":"alipay","product":"qr"}'
        )
        signed = world.merchant.headers("POST", "/api/v1/payments", body)
        statuses = []
        for _ in range(2):
            async with world.http.post(f"{world.gateway.url}/api/v1/payments", data=body, headers=signed) as answer:
                statuses.append(answer.status)
            door.set()
            await world.gateway.idle()
        # Neither signature nor nonce was looked at the first time.
        assert statuses == [429, 201]

    run(story, calls_max=1, waited_max=1, admitted_max=100, opening_wait_s_max=1)


def test_while_commits_stand_still_orders_are_refused_by_their_wait_and_notifies_are_taken():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay("paid")
        places = [world.gateway.runtime.pressure.enter(Kind.ORDER) for _ in range(80)]
        assert (await status_and_header(world, "o-1"))[0] == 202
        await world.clock.sleep(4)
        status, after, _ = await status_and_header(world, "o-2")
        assert (status, after) == (429, "3")
        assert (await world.merchant.notify(payment))[0] == 200
        assert (await world.merchant.payment(payment))["status"] == "PAID"
        for place in places:
            place.leave()
        assert (await status_and_header(world, "o-2"))[0] == 201

    run(story)


def test_nobody_is_opened_while_a_crowd_waits_for_its_answers_and_everybody_afterwards():
    async def story(world: World) -> None:
        places = [world.gateway.runtime.pressure.enter(Kind.ORDER) for _ in range(80)]
        assert {(await world.merchant.pay(f"o-{n}"))[0] for n in range(3)} == {202}
        for place in places[:-17]:
            place.leave()
        assert world.channel.calls == []
        # A quarter of a crowd is none any more.
        for place in places[-17:]:
            place.leave()
        await world.gateway.idle()
        assert [what for what, _ in world.channel.calls] == ["pay"] * 3

    run(story)


def test_nobody_is_opened_while_a_crowd_of_notifies_is_settled_and_everybody_afterwards():
    async def story(world: World) -> None:
        with ExitStack() as crowd:
            for _ in range(65):
                crowd.enter_context(world.gateway.runtime.pressure.settling())
            assert {(await world.merchant.pay(f"o-{n}"))[0] for n in range(3)} == {202}
            assert world.channel.calls == []
        await world.gateway.idle()
        assert [what for what, _ in world.channel.calls] == ["pay"] * 3

    run(story)


def test_who_stands_in_line_is_not_asked_about_meanwhile():
    async def story(world: World) -> None:
        door = held(world)
        _, first = await world.merchant.pay("o-1")
        _, second = await world.merchant.pay("o-2")
        await world.clock.sleep(50)
        asked = {number for what, number in world.channel.calls if what == "query"}
        assert asked == {first["out_trade_no"]}
        door.set()
        await world.gateway.idle()
        assert [number for what, number in world.channel.calls if what == "pay"].count(second["out_trade_no"]) == 1
        assert (await world.merchant.payment(second))["pay_params"] is not None

    run(story, calls_max=1, waited_max=1, admitted_max=10)


def test_a_long_line_is_not_claimed_anew_with_every_lease(monkeypatch):
    claimed: Counter[str] = Counter()
    claim = MemoryUnitOfWork.claim_polls

    async def counted(unit: MemoryUnitOfWork, now: datetime, **bounds: Any) -> list[Payment]:
        payments = await claim(unit, now, **bounds)
        claimed.update(payment.id for payment in payments if is_waiting(payment))
        return payments

    monkeypatch.setattr(MemoryUnitOfWork, "claim_polls", counted)

    async def story(world: World) -> None:
        slow(world, 10)
        await asyncio.gather(*(world.merchant.pay(f"o-{n}") for n in range(40)))
        await world.clock.sleep(450)
        assert {payment.attempt for payment in world.store.state.payments.values()} == {AttemptStatus.OPENED}
        # The last waited for 390 s, which is thirteen leases.
        assert max(claimed.values()) <= 4

    run(story, calls_max=1, waited_max=1, admitted_max=100, channel_timeout_s=15)


def test_above_the_first_bound_nobody_is_kept_for_the_answer():
    async def story(world: World) -> None:
        door = held(world)
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(world.merchant.pay("o-1"))
        await world.clock.sleep(0.1)
        began = loop.time()
        assert (await world.merchant.pay("o-2"))[0] == 202
        assert loop.time() - began < 0.05
        door.set()
        # The first caller came before the pressure and was kept.
        assert (await first)[0] == 201

    run(story, calls_max=1, waited_max=1, admitted_max=10)


def test_calls_to_the_channel_take_turns_and_all_are_made():
    async def story(world: World) -> None:
        at_once = most = 0

        async def count(what: str, number: str) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await world.clock.sleep(0.1)
            at_once -= 1

        world.channel.on_call = count
        await asyncio.gather(*(world.merchant.pay(f"o-{n}") for n in range(20)))
        await world.gateway.idle()
        assert most == 3
        assert sorted(what for what, _ in world.channel.calls) == ["pay"] * 20

    run(story, calls_max=3, waited_max=3, admitted_max=20)


def test_what_waited_for_its_turn_when_the_gateway_stopped_is_opened_by_the_next():
    async def story(world: World) -> None:
        door = held(world)
        statuses = [(await world.merchant.pay(f"o-{n}"))[0] for n in range(5)]
        assert statuses == [202] * 5
        stopping = asyncio.create_task(world.gateway.stop())
        await world.clock.sleep(0.1)
        door.set()
        await stopping
        assert len(world.channel.calls) == 1
        await world.start()
        await world.clock.sleep(60)
        await world.gateway.idle()
        assert [item["pay_params"] is not None for item in await world.merchant.exported()] == [True] * 5

    run(story, calls_max=1, waited_max=1, admitted_max=10, sync_wait_ms=1)


def test_readiness_turns_before_the_door_closes():
    async def story(world: World) -> None:
        stopping = asyncio.create_task(world.gateway.stop())
        await world.clock.sleep(1)
        async with world.http.get(f"{world.gateway.url}/readyz") as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "draining")
        assert (await world.merchant.pay())[0] == 201
        await stopping

    run(story, drain_notice_s=5)


@pytest.mark.parametrize(
    "bound", ["calls_max", "waited_max", "admitted_max", "answer_wait_s_max", "opening_wait_s_max"]
)
def test_a_bound_of_nothing_is_refused(bound):
    with pytest.raises(ValueError, match=bound):
        settings(**{bound: 0})


def test_an_instance_that_only_admits_answers_202_and_another_calls_the_channel():
    async def story(world: World) -> None:
        status, payment = await world.merchant.pay()
        assert (status, payment["pay_params"], world.channel.calls) == (202, None, [])
        await world.clock.sleep(60)
        assert world.channel.calls == []
        await world.gateway.stop()
        world.settings = settings()
        await world.start()
        await world.gateway.idle()
        assert (await world.merchant.payment(payment))["pay_params"] is not None

    run(story, role="admit")


def test_an_instance_that_only_admits_settles_notifies_and_refuses_what_is_wrong():
    async def story(world: World) -> None:
        _, payment = await world.merchant.pay()
        assert (await world.merchant.notify(payment))[0] == 200
        assert (await world.merchant.payment(payment))["status"] == "PAID"
        assert (await world.merchant.pay("o-2", amount_fen=0))[0] == 422
        assert (await world.merchant.pay("o-1", amount_fen=7))[0] == 409

    run(story, role="admit")
