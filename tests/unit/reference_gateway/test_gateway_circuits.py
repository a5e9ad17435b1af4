"""Circuits over time: they open by share, rest, try one probe, and close or rest again; what is counted and what waits."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reference_gateway.channels.port import Opening, PayRequest, RefundState
from reference_gateway.domain.breaker import BreakerRules, CircuitState, Tally
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from reference_gateway.service.capacity.circuits import Circuits
from reference_gateway.service.capacity.guarded_channel import GuardedChannel
from tests.contract.samples import payment, refund
from tests.contract.samples_live import payout
from tests.unit.reference_gateway.support import FakeChannel

RULES = BreakerRules(calls_min=4, failure_percent=50, window_s=60, open_s=20)
ASK = PayRequest(notify_url="http://127.0.0.1:9/notify", ttl_s=900)


class Hands:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def circuits(clock: Hands) -> Circuits:
    return Circuits(["alipay"], clock=clock, rules=RULES)


def fail(own: Circuits, times: int) -> None:
    for _ in range(times):
        own.ended("alipay", answered=False)


def opened(clock: Hands) -> Circuits:
    own = circuits(clock)
    fail(own, 4)
    assert own.standing("alipay").state is CircuitState.OPEN
    return own


def test_a_circuit_opens_when_half_of_enough_calls_failed():
    own = circuits(Hands())
    fail(own, 3)
    assert own.admit("alipay") is False
    own.ended("alipay", answered=True)
    assert own.standing("alipay").tally == Tally(1, 3)
    fail(own, 1)
    assert own.standing("alipay").state is CircuitState.OPEN
    with pytest.raises(ChannelUnavailable) as caught:
        own.admit("alipay")
    assert caught.value.reason == "circuit_open"


def test_what_lies_before_the_window_is_forgotten():
    clock = Hands()
    own = circuits(clock)
    fail(own, 3)
    clock.pass_by(64)
    fail(own, 1)
    assert own.standing("alipay").state is CircuitState.CLOSED
    assert own.standing("alipay").tally == Tally(0, 1)


def test_after_its_rest_a_circuit_takes_one_probe_at_a_time():
    clock = Hands()
    own = opened(clock)
    clock.pass_by(19.9)
    with pytest.raises(ChannelUnavailable):
        own.admit("alipay")
    clock.pass_by(0.1)
    assert own.admit("alipay") is True
    assert own.standing("alipay").probing is True
    with pytest.raises(ChannelUnavailable):
        own.admit("alipay")


def test_a_probe_that_is_answered_closes_and_one_that_fails_rests_again():
    clock = Hands()
    own = opened(clock)
    clock.pass_by(20)
    own.admit("alipay")
    own.ended("alipay", answered=False, probe=True)
    assert own.standing("alipay").state is CircuitState.OPEN
    clock.pass_by(20)
    own.admit("alipay")
    own.ended("alipay", answered=True, probe=True)
    assert own.standing("alipay").state is CircuitState.CLOSED
    assert own.standing("alipay").tally == Tally()


def test_late_answers_of_older_calls_close_nothing():
    clock = Hands()
    own = opened(clock)
    for _ in range(9):
        own.ended("alipay", answered=True)
    assert own.standing("alipay").state is CircuitState.OPEN
    clock.pass_by(20)
    own.ended("alipay", answered=True)
    assert own.standing("alipay").state is CircuitState.HALF_OPEN


def test_a_probe_that_was_given_up_leaves_its_place():
    clock = Hands()
    own = opened(clock)
    clock.pass_by(20)
    own.admit("alipay")
    own.abandoned("alipay")
    assert own.admit("alipay") is True


def guarded(answer: Opening | Exception | None = None) -> tuple[FakeChannel, Circuits, GuardedChannel, Hands]:
    clock = Hands()
    own, channel = circuits(clock), FakeChannel()
    channel.pay_answers = [] if answer is None else [answer] * 99
    return channel, own, GuardedChannel(channel, own), clock


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "tally"),
    [
        (None, Tally(1, 0)),
        (ChannelRefused(code="no"), Tally(1, 0)),
        (ChannelUnavailable(), Tally(0, 1)),
        (ChannelOutcomeUnknown(), Tally(0, 1)),
    ],
)
async def test_every_end_of_a_call_is_counted(answer, tally):
    _, own, channel, _ = guarded(answer)
    if answer is None:
        await channel.pay(payment(), ASK)
    else:
        with pytest.raises(type(answer)):
            await channel.pay(payment(), ASK)
    assert own.standing("alipay").tally == tally


@pytest.mark.asyncio
async def test_an_open_circuit_stops_what_begins_and_lets_through_what_finds_out_and_gives_back():
    raw, own, channel, _ = guarded()
    fail(own, 4)
    begins: list[Callable[[], Any]] = [
        lambda: channel.pay(payment(), ASK),
        lambda: channel.preauth(payment(), ASK),
        lambda: channel.transfer(payout()),
    ]
    for begin in begins:
        with pytest.raises(ChannelUnavailable):
            await begin()
    assert raw.calls == []
    await channel.query(payment())
    assert (await channel.refund(payment(), refund())).state is RefundState.SUCCEEDED
    await channel.query_refund(payment(), refund())
    assert [what for what, _ in raw.calls] == ["query", "refund", "query_refund"]


@pytest.mark.asyncio
async def test_a_refund_that_must_wait_for_a_balance_opens_no_circuit():
    raw, own, channel, _ = guarded()
    raw.refund_answers = [ChannelUnavailable(code="ACQ.SELLER_BALANCE_NOT_ENOUGH")] * 9
    for _ in range(9):
        with pytest.raises(ChannelUnavailable):
            await channel.refund(payment(), refund())
    assert own.standing("alipay").state is CircuitState.CLOSED


@pytest.mark.asyncio
async def test_a_cancelled_probe_makes_room_for_the_next():
    raw, own, channel, clock = guarded()
    fail(own, 4)
    clock.pass_by(20)
    under_way = asyncio.Event()

    async def hang(_what: str, _number: str) -> None:
        under_way.set()
        await asyncio.Event().wait()

    raw.on_call = hang
    probe = asyncio.create_task(channel.pay(payment(), ASK))
    await under_way.wait()
    with pytest.raises(ChannelUnavailable):
        await channel.pay(payment(2), ASK)
    probe.cancel()
    await asyncio.wait([probe])
    raw.on_call = None
    await channel.pay(payment(3), ASK)
    assert own.standing("alipay").state is CircuitState.CLOSED
