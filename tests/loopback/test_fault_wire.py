"""
Each fault over real sockets, judged by the bytes in the journal.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from mock_providers.core.plans import Question
from mock_providers.faults.base import Fault
from mock_providers.faults.drop import Drop
from mock_providers.faults.duplicate import Duplicate
from mock_providers.faults.rule import Rule
from mock_providers.faults.source import Decision
from tests.loopback.sandbox import Sandbox, fields, genuine, sandbox

pytestmark = pytest.mark.asyncio


async def counts(box: Sandbox) -> dict[str, int]:
    told = await box.control("GET", "/counts")
    return {name.removeprefix("notifies_"): value for name, value in told.items() if value}


async def test_without_faults_one_genuine_notify_arrives(box):
    await box.pay()
    (arrived,) = await box.receiver.until(1)
    await box.advance(90_000)
    (entry,) = await box.journal("out")
    assert genuine(box, entry)
    assert entry["body"] == arrived.body
    assert arrived.headers["User-Agent"] == "Mozilla/4.0"
    assert arrived.headers["Content-Type"] == "application/x-www-form-urlencoded; text/html; charset=utf-8"
    assert await counts(box) == {"sent": 1, "acked": 1, "delivered": 1}


async def test_duplicate_sends_the_same_content_again(box):
    await box.rule("duplicate", copies=2)
    await box.pay()
    await box.receiver.until(3)
    await box.advance(90_000)
    entries = await box.journal("out")
    assert len({fields(entry)["notify_id"] for entry in entries}) == 1
    assert [entry["fault"] for entry in entries] == [None, "duplicate", "duplicate"]
    assert all(genuine(box, entry) for entry in entries)
    assert (box.receiver.at_once_max, len(entries)) == (1, 3)
    assert await counts(box) == {"sent": 3, "duplicate": 2, "acked": 3, "delivered": 3}


async def test_duplicates_can_be_spaced_in_schedule_time(box):
    await box.rule("duplicate", copies=2, spacing_s=60)
    await box.pay()
    for expected in (1, 2, 3):
        await box.advance(0 if expected == 1 else 60)
        assert len(await box.journal("out")) == expected


async def test_concurrent_duplicates_are_in_the_air_together(box):
    await box.rule("duplicate", copies=7, concurrent=True)
    box.receiver.together = 8
    await box.pay()
    await box.advance(0)
    assert box.receiver.at_once_max == 8
    assert [entry["response"]["status"] for entry in await box.journal("out")] == [200] * 8


async def test_delay_keeps_a_notify_back(box):
    await box.rule("delay", seconds=100)
    await box.pay()
    await box.advance(99)
    assert await box.journal("out") == []
    await box.advance(1)
    (entry,) = await box.journal("out")
    assert (entry["fault"], genuine(box, entry)) == ("delay", True)
    assert await counts(box) == {"sent": 1, "delayed": 1, "acked": 1, "delivered": 1}


async def test_drop_loses_the_attempt_and_the_ladder_brings_the_next(box):
    await box.rule("drop", {"first": 1})
    await box.pay()
    await box.advance(239)
    assert await box.journal("out") == []
    await box.advance(1)
    (entry,) = await box.journal("out")
    assert genuine(box, entry)
    assert await counts(box) == {"sent": 1, "dropped": 1, "resent": 1, "acked": 1, "delivered": 1}


async def test_drop_all_loses_the_whole_ladder(box):
    await box.rule("drop_all")
    await box.pay()
    await box.advance(100_000)
    assert (await box.journal("out"), box.receiver.received) == ([], [])
    assert await counts(box) == {"sent": 1, "dropped": 1}


async def test_reorder_lets_the_next_event_overtake(box):
    await box.rule("reorder", {"api": "payment"}, hold_s=50)
    await box.pay()
    await box.advance(10)
    assert await box.journal("out") == []
    await box.refund("0.23", "r1")
    await box.receiver.until(2)
    assert [entry["api"] for entry in await box.journal("out")] == ["refund", "payment"]
    assert (await counts(box))["reordered"] == 1


async def test_reorder_lets_go_when_nothing_overtakes(box):
    await box.rule("reorder", hold_s=50)
    await box.pay()
    await box.advance(49)
    assert await box.journal("out") == []
    await box.advance(1)
    assert [entry["fault"] for entry in await box.journal("out")] == ["reorder"]


async def test_a_forgery_comes_first_and_ends_no_ladder(box):
    await box.rule("forged_signature")
    box.receiver.answer = lambda one: (200, b"success") if len(box.receiver.received) == 1 else (500, b"no")
    await box.pay()
    await box.advance(0)
    entries = await box.journal("out")
    assert [genuine(box, entry) for entry in entries] == [False, True]
    assert [entry["signature_ok"] for entry in entries] == [False, True]
    await box.advance(240)
    assert len(await box.journal("out")) == 4
    assert (await counts(box))["forged"] == 1


@pytest.mark.parametrize("signed", [True, False])
async def test_a_tampered_amount_is_signed_or_forged_as_told(box, signed):
    await box.rule("tampered_amount", add_fen=100, signed=signed)
    await box.pay()
    await box.advance(0)
    lie, truth = await box.journal("out")
    assert [fields(entry)["total_amount"] for entry in (lie, truth)] == ["2.23", "1.23"]
    assert (genuine(box, lie), genuine(box, truth)) == (signed, True)
    assert (await counts(box))["tampered"] == 1


async def test_a_late_answer_does_its_work_at_once(credentials_dir):
    async with sandbox(credentials_dir, clock=(clock := CountingClock())) as box:
        await box.rule("delay", {"on": "reply"}, seconds=30)
        assert (await box.precreate())["code"] == "10000"
        assert clock.slept == [30.0]
        (entry,) = await box.journal("in")
        assert entry["fault"] == "delay"


async def test_timeout_after_does_the_work_and_hangs_up(box):
    await box.rule("timeout_after", {"on": "reply", "api": "alipay.trade.precreate", "first": 1})
    with pytest.raises(aiohttp.ClientConnectionError):
        await box.precreate()
    (entry,) = await box.journal("in")
    assert (entry["fault"], entry["response"]) == ("timeout_after", None)
    assert (await box.control("GET", "/trades/alipay/o1"))["state"] == "CREATED"
    assert (await box.precreate())["code"] == "10000"


async def test_orders_that_no_rule_names_are_left_alone(box):
    await box.rule("drop_all")
    await box.pay("o2", label="pp000002")
    assert len(await box.receiver.until(1)) == 1


class CountingClock:
    """A stamp clock that passes without waiting."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Drawn:
    """Decisions made in process, as a property test draws them."""

    def __init__(self, faults: dict[int, list[Fault]]) -> None:
        self.faults = faults
        self.asked: list[Question] = []

    def decide(self, question: Question, rules: Sequence[Rule]) -> list[Decision]:
        self.asked.append(question)
        return [Decision("drawn", fault, hit=True) for fault in self.faults.get(question.attempt, [])]


async def test_faults_can_be_drawn_in_process(credentials_dir: Path):
    drawn = Drawn({1: [Drop()], 2: [Duplicate(copies=1)]})
    async with sandbox(credentials_dir, source=drawn) as box:
        await box.pay()
        await box.advance(90_000)
        assert len(box.receiver.received) == 2
    assert [(one.on, one.attempt) for one in drawn.asked] == [("reply", 1), ("notify", 1), ("notify", 2)]
