"""
Twenty-five hours of resends, in the time that the bytes need.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from mock_providers.app import build
from mock_providers.core.provider import Notice
from mock_providers.faults.rules import load_profile
from mock_providers.settings import ProvidersSettings
from tests.loopback.sandbox import fields, sandbox

FLAKY = Path(__file__).parents[2] / "scenarios" / "profiles" / "flaky.yaml"
OFFSETS_S = [0, 240, 840, 1440, 5040, 12_240, 33_840, 87_840]
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.asyncio
async def test_the_whole_ladder_is_climbed_by_one_advance_in_under_a_second(box):
    box.receiver.answer = lambda _: (500, b"not now")
    await box.pay()
    await box.receiver.until(1)
    started = time.perf_counter()
    clock = await box.advance(25 * 3600, until_idle=True)
    assert time.perf_counter() - started < 1.0
    entries = await box.journal("out")
    start_at = box.simulator.schedule.at(0)
    offsets = [(datetime.fromisoformat(entry["schedule_at"]) - start_at).total_seconds() for entry in entries]
    assert offsets == OFFSETS_S
    assert clock["pending"] == 0
    counts = await box.control("GET", "/counts")
    assert (counts["notifies_sent"], counts["notifies_resent"], counts["notifies_acked"]) == (1, 7, 0)


@pytest.mark.asyncio
async def test_resends_are_fresh_stamps_under_one_id_in_real_time(box):
    box.receiver.answer = lambda _: (500, b"not now")
    await box.pay()
    await box.advance(25 * 3600)
    notifies = [one.fields for one in box.receiver.received]
    assert len(notifies) == 8
    assert len({one["notify_id"] for one in notifies}) == 1
    # The stamp clock is real: a ladder of a day makes no stamp a day old, nor a day early.
    now = datetime.now(UTC).timestamp() + 8 * 3600  # noqa: TID251  compared with stamps of the machine's clock
    stamps = [datetime.fromisoformat(one["notify_time"]).replace(tzinfo=UTC).timestamp() for one in notifies]
    assert all(abs(now - stamp) < 60 for stamp in stamps)


@pytest.mark.asyncio
@pytest.mark.parametrize("rung", [2, 5, 8])
async def test_an_acknowledgement_ends_the_ladder(box, rung):
    box.receiver.answer = lambda _: (200, b"success" if len(box.receiver.received) == rung else b"SUCCESS")
    await box.pay()
    await box.advance(30 * 3600)
    assert len(box.receiver.received) == rung


@pytest.mark.asyncio
async def test_a_merchant_that_cannot_be_reached_is_tried_eight_times(box):
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip"}
    await box.call("alipay.trade.precreate", business, notify_url="http://127.0.0.1:1/n")
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.advance(30 * 3600)
    entries = await box.journal("out")
    assert [entry["response"] for entry in entries] == [None] * 8
    assert all("Connect" in entry["error"] for entry in entries)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "//x",
        "ftp://127.0.0.1/x",
        "ws://127.0.0.1:1/x",
        "http://[::1",
        "http://]h[",
        "http://127.0.0.1:99999/",
        "http://a..b/",
    ],
)
async def test_an_address_that_is_none_fails_like_any_other(box, url):
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip"}
    await box.call("alipay.trade.precreate", business, notify_url=url)
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.advance(30 * 3600, until_idle=True)
    items = (await box.control("GET", "/notifies?state=done"))["items"]
    assert len(items) == 8
    assert all(item["last_answer"]["error"] for item in items)


@pytest.mark.asyncio
async def test_redirects_are_not_followed(box):
    box.receiver.answer = lambda _: (302, b"")
    await box.pay()
    await box.advance(240)
    assert len(box.receiver.received) == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.floats(0, 40_000), min_size=1, max_size=8), rate=st.sampled_from([0.0, 1.0, 1000.0]))
def test_no_advance_and_no_rate_makes_a_stamp_stale(credentials_dir, steps, rate):
    async def world() -> list[tuple[float, float]]:
        async with sandbox(credentials_dir, schedule_rate=rate) as box:
            box.receiver.answer = lambda _: (500, b"not now")
            await box.pay()
            for seconds in steps:
                await box.advance(seconds)
            entries = await box.journal("out")
        return [(_moment(entry["stamp_at"]), _moment(fields(entry)["notify_time"] + "+08:00")) for entry in entries]

    begun = datetime.now(UTC).timestamp()  # noqa: TID251  compared with stamps of the machine's clock
    stamps = asyncio.run(world())
    ended = datetime.now(UTC).timestamp()  # noqa: TID251
    assert stamps
    for journalled, signed in stamps:
        assert begun <= journalled <= ended
        assert journalled - signed < 1.0  # stamps have whole seconds


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_every_providers_ladder_outlasts_the_flaky_budget(credentials_dir):
    budget = load_profile(FLAKY).budget
    assert budget is not None
    simulator = build(ProvidersSettings(credentials_dir=credentials_dir))
    for name, provider in simulator.providers.items():
        notice = Notice(name, "o1", "pp000001", "payment", 1, "n1", "http://127.0.0.1:9/n", {}, {})
        offsets_s = provider.ladder(notice).offsets_s
        assert len(offsets_s) > budget.notifies, name
        assert offsets_s[0] == 0.0
        assert list(offsets_s) == sorted(offsets_s)


def test_under_a_virtual_loop_the_ladder_climbs_by_itself(credentials_dir):
    async def world() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=1.0) as box:
            box.receiver.answer = lambda _: (500, b"not now")
            await box.pay()
            async with box.receiver.arrived:
                await box.receiver.arrived.wait_for(lambda: len(box.receiver.received) == 8)
            return [one.fields["notify_time"] for one in box.receiver.received], loop.time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        stamps, passed_s = runner.run(world())
    assert (stamps[0], stamps[-1]) == ("2026-01-02 11:04:05", "2026-01-03 11:28:05")
    assert passed_s == pytest.approx(87_840, abs=1)


def test_an_answer_that_never_comes_is_given_up_in_virtual_time(credentials_dir):
    async def world() -> list[str]:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            loop = asyncio.get_running_loop()
            async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as silent:
                box.receiver.url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}/n"
                await box.pay()
                await box.advance(240)
            return [entry["error"] for entry in await box.journal("out")]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(world()) == ["no answer within 8 s"] * 2
