"""Races in memory, the turns drawn: the honest gateway keeps one credit, the planted ones do not."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.world.virtual_loop import VirtualLoop
from reference_gateway.domain.notice import Judgement, Notice, Ruling
from reference_gateway.domain.payment import Payment
from reference_gateway.store.memory_locks import LockTable, Rank
from reference_gateway.store.memory_unit_of_work import MemoryStore
from tests.contract.samples import NOW, event, payment
from tests.unit.reference_gateway.planted import CreditsEveryNotify, CreditsTheNotifiedAmount
from tests.unit.reference_gateway.support import GullibleChannel, World

COPIES = 64
turns = st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=40)


def store_with(drawn: list[int]) -> MemoryStore:
    """Yield as drawn, again from the beginning when the draws are used up."""
    passed = 0

    def point(place: str) -> int:
        nonlocal passed
        passed += 1
        return drawn[passed % len(drawn)]

    return MemoryStore(point)


def after_notifies(world: World, copies: int, **changes: Any) -> tuple[list[int], dict[str, int], int]:
    """Pay once, notify many times at once; return the credits, the balances and the events sent."""

    async def told() -> tuple[list[int], dict[str, int], int]:
        async with world:
            _, made = await world.merchant.pay()
            await asyncio.gather(*(world.merchant.notify(made, **changes) for _ in range(copies)))
            await world.gateway.idle()
            [exported] = await world.merchant.exported()
            credited = [entry["amount_fen"] for entry in exported["credits"]]
            return credited, dict(world.store.state.balances), len(world.sender.sent)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(told())


@settings(max_examples=15, deadline=None)
@given(turns)
def test_sixty_four_notifies_at_once_credit_once_however_the_turns_fall(drawn):
    credited, balances, events = after_notifies(World(store=store_with(drawn)), COPIES)
    assert credited == [100]
    assert balances["app:live"] == balances["channel:alipay"] == 100
    assert events == 1


class EachByItself(CreditsEveryNotify):
    """Honest, but nothing is merged and every notify is a key of its own: only lock and key are left."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        return super(CreditsEveryNotify, self).judge(notice, payment)


@settings(max_examples=10, deadline=None)
@given(turns)
def test_without_merging_the_lock_alone_keeps_one_credit(drawn):
    world = World(store=store_with(drawn), parts={"notice_policy": EachByItself()})
    credited, _, events = after_notifies(world, 16)
    assert (credited, events) == ([100], 1)


@settings(max_examples=5, deadline=None)
@given(turns)
def test_planted_crediting_on_every_notify_is_seen(drawn):
    world = World(store=store_with(drawn), parts={"notice_policy": CreditsEveryNotify()})
    credited, _, _ = after_notifies(world, COPIES)
    assert credited == [100] * COPIES


def test_planted_crediting_the_notified_amount_is_seen():
    world = World(parts={"notice_policy": CreditsTheNotifiedAmount()})
    assert after_notifies(world, 3, amount=999)[0] == [999]


def test_planted_checking_no_signature_is_seen():
    assert after_notifies(World(), 3, signed=False)[0] == []
    assert after_notifies(World(channel=GullibleChannel()), 3, signed=False)[0] == [100]


class CreditsWithoutAKey(CreditsEveryNotify):
    """Checks the state, then credits under a key of its own: right only because the row is locked."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super(CreditsEveryNotify, self).judge(notice, payment)
        if honest.ruling is not Ruling.BOOK:
            return honest
        return Judgement(honest.ruling, honest.code, honest.credit_fen, self.merge_key(notice))


def test_a_store_that_does_not_lock_would_be_found_out(monkeypatch):
    """The scheduling points make the race visible: without row locks the same policy credits twice."""
    world = World(store=MemoryStore(lambda place: 2), parts={"notice_policy": CreditsWithoutAKey()})
    assert after_notifies(world, 1)[0] == [100]

    async def no_lock(self: LockTable, name: tuple[Rank, tuple[str, ...]]) -> None:
        return None

    monkeypatch.setattr(LockTable, "acquire", no_lock)
    monkeypatch.setattr(LockTable, "release", lambda self, name: None)

    async def two_committers() -> int:
        world = World(store=MemoryStore(lambda place: 2), parts={"notice_policy": CreditsWithoutAKey()})
        async with world:
            _, made = await world.merchant.pay()
            world.paid(made)
            first = world.gateway
            await world.start()
            second, world.gateway = world.gateway, first
            body = {"signed": True, "id": "n", "kind": "paid", "order": made["out_trade_no"], "amount": 100}
            await asyncio.gather(
                *(world.http.post(f"{gateway.url}/notify/alipay", json=body) for gateway in (first, second))
            )
            await second.stop()
            return len(world.store.state.postings)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(two_committers()) == 2


def test_locks_taken_backwards_say_so():
    async def backwards() -> None:
        store = MemoryStore()
        async with store() as unit:
            await unit.insert_payments([payment()])
            await unit.record_transitions([])
            await unit.commit()
        async with store() as unit:
            await unit.spend_nonces([("live", "n")], now=NOW, expires_at=NOW)
            await unit.add_outbox([event()])
            with pytest.raises(AssertionError, match="ring of waiting"):
                await unit.lock_payments(["G1"])

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(backwards())


def test_a_day_without_work_is_a_handful_of_turns():
    """Workers sleep until something is due: a day of virtual time must not be counted out in heartbeats."""

    async def day() -> int:
        places: list[str] = []

        def point(place: str) -> int:
            places.append(place)
            return 1

        async with World(store=MemoryStore(point)) as world:
            _, made = await world.merchant.pay()
            await world.merchant.notify(made)
            await world.gateway.idle()
            places.clear()
            await world.clock.sleep(86400)
            return len(places)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(day()) < 10
