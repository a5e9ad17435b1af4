"""
Rows of Alipay's chaos table whose point is that something takes long: real sockets, virtual time.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.chaos.kit import CANCEL, answers, pay, query
from tests.loopback.sandbox import Sandbox, answer_body, sandbox

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def told(credentials_dir: Path, story: Callable[[Sandbox], Coroutine[Any, Any, Any]]) -> Any:
    """
    Play *story* in a world of its own; the schedule stands still, everything else is the loop's time.
    """

    async def world() -> Any:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), schedule_rate=0.0) as box:
            return await story(box)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(world())


def test_an_endpoint_that_is_too_slow_is_told_again(credentials_dir):
    async def story(box: Sandbox) -> list[object]:
        box.receiver.slow_s = 12
        await box.pay()
        await box.advance(240)
        return [(entry["response"], entry["error"]) for entry in await box.journal("out")]

    assert told(credentials_dir, story) == [(None, "no answer within 8 s")] * 2


@pytest.mark.parametrize(("fault", "status"), [("timeout_after", "TRADE_SUCCESS"), ("timeout_before", None)])
def test_a_call_times_out_and_only_the_query_tells_what_became_of_it(credentials_dir, fault, status):
    async def story(box: Sandbox) -> dict[str, Any]:
        await box.rule(fault, {"api": "alipay.trade.pay"}, hold_s=60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(15):
                await pay(box)
        return await query(box)

    answer = told(credentials_dir, story)
    assert answer.get("trade_status") == status
    assert answer.get("sub_code") == (None if status else "ACQ.TRADE_NOT_EXIST")


@pytest.mark.parametrize("pays", [True, False])
def test_the_buyer_types_a_password_in_time_or_never(credentials_dir, pays):
    async def story(box: Sandbox) -> tuple[list[str], str]:
        assert (await pay(box, code="28990000"))["code"] == "10003"
        for asked in range(12):
            if pays and asked == 3:
                await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
            if (await query(box))["trade_status"] == "TRADE_SUCCESS":
                break
            await asyncio.sleep(5)  # noqa: TID251  virtual time
        else:
            await box.call(CANCEL, {"out_trade_no": "o1"})
        states = [one["trade_status"] for one in await answers(box, "alipay.trade.query")]
        cancelled = await answers(box, CANCEL)
        return states, cancelled[0]["action"] if cancelled else ""

    waiting = ["WAIT_BUYER_PAY"]
    expected = (waiting * 3 + ["TRADE_SUCCESS"], "") if pays else (waiting * 12, "close")
    assert told(credentials_dir, story) == expected


def test_an_answer_drips(credentials_dir):
    async def story(box: Sandbox) -> tuple[bool, bytes, str]:
        await box.rule("slow_drip", {"api": "alipay.trade.pay"}, seconds=60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(15):
                await pay(box)
        (entry,) = await box.journal("in")
        return entry["fault"] == "slow_drip", answer_body(entry), (await query(box))["trade_status"]

    dripped, body, status = told(credentials_dir, story)
    assert dripped
    assert b'"code":"10000"' in body
    assert status == "TRADE_SUCCESS"


def test_a_client_with_patience_gets_the_whole_answer(credentials_dir):
    async def story(box: Sandbox) -> dict[str, Any]:
        await box.rule("slow_drip", {"api": "alipay.trade.pay"}, seconds=60)
        async with aiohttp.ClientSession() as patient:
            box.session, kept = patient, box.session
            try:
                return await pay(box)
            finally:
                box.session = kept

    assert told(credentials_dir, story)["code"] == "10000"
