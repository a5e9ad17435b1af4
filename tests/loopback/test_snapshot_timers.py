"""
What providers have put off (passwords being typed, refunds on their way, transfers, notices of time-outs) goes on in
another process, where a run was restored.
"""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from mock_providers.core.clock import ScheduleClock, SystemClock
from mock_providers.core.timers import Timer, Timers
from mock_providers.errors import BookRefused
from tests.chaos import wechatpay_v2_kit, wechatpay_v3_kit
from tests.chaos.unionpay_kit import Union
from tests.loopback.sandbox import Receiver, Sandbox
from tests.loopback.test_providers_process import started
from tests.unit.mock_providers import unionpay_desk, wechatpay_v2_desk, wechatpay_v3_desk
from tests.unit.mock_providers.alipay_desk import Merchant
from tests.unit.mock_providers.test_alipay_transfers import TRANSFER, business
from tests.unit.mock_providers.test_wechatpay_v2_sandbox import PACKET
from tests.unit.mock_providers.test_wechatpay_v3_transfers import BATCHES, BILLS, batch, bill

pytestmark = pytest.mark.asyncio

FLAGS = (
    *("--seed", "7", "--schedule-rate", "0", "--unionpay-settles-s", "30", "--no-alipay-payout-needs-certificate"),
    *("--alipay-refund-settles-s", "30", "--alipay-payout-settles-s", "30"),
    *("--alipay-notify-events", '["payment","close"]'),
)
# Nobody listens there: what is told stands in the journal all the same.
NOBODY = "http://127.0.0.1:19/notify"


@asynccontextmanager
async def simulator(credentials_dir: Path) -> AsyncIterator[Sandbox]:
    """
    One in a process of its own, with the hands that a sandbox has on one in this process.
    """
    process = await asyncio.to_thread(started, "--credentials-dir", str(credentials_dir), *FLAGS)
    try:
        assert process.stdout is not None
        ready: dict[str, Any] = json.loads(await asyncio.to_thread(process.stdout.readline))
        urls = {name: ready[f"{name}_url"] for name in ("alipay", "wechatpay", "unionpay")}
        there = SimpleNamespace(
            urls=urls,
            alipay_url=ready["alipay_url"],
            control_url=ready["control_url"],
            schedule=SimpleNamespace(_stamp=SystemClock()),
        )
        async with aiohttp.ClientSession(trust_env=False) as session:
            yield Sandbox(there, Merchant(credentials_dir), Receiver(url=NOBODY), session)  # type: ignore[arg-type]
    finally:
        await asyncio.to_thread(_end, process)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.communicate(timeout=30)


async def puts_off(box: Sandbox, credentials_dir: Path) -> None:
    """
    Everything that a provider sets a timer for.
    """
    await box.precreate("closes")
    await box.control("POST", "/trades/alipay/closes/buyer", {"action": "scan"})
    await box.pay("refunds")
    await box.refund("0.23", "r1", "refunds")
    await box.call(TRANSFER, business())
    await _wechatpay(box, credentials_dir)
    union, now = Union(box, unionpay_desk.Merchant(credentials_dir)), datetime.now(UTC)  # noqa: TID251  theirs is, too
    at = f"{now + timedelta(hours=8):%Y%m%d%H%M%S}"
    await union.consume("order001", txnTime=at)
    await union.app("order002", txnTime=at)
    await union.pays("order002")
    paid = (await union.query("order002", txnTime=at))["queryId"]
    await union.give_back("04", "refund01", paid, txnTime=at)


async def _wechatpay(box: Sandbox, credentials_dir: Path) -> None:
    v3 = wechatpay_v3_kit.Shop(box, wechatpay_v3_desk.Merchant(credentials_dir))
    await v3.paid("order1")
    await v3.refund()
    await v3.codepay("9990", "code01")
    await v3.ask("POST", BILLS, bill(v3))  # type: ignore[arg-type]
    await v3.ask("POST", BATCHES, batch(v3))  # type: ignore[arg-type]
    v2 = wechatpay_v2_kit.Shop(box, wechatpay_v2_desk.Merchant(credentials_dir))
    await v2.micropay("9991", "code-2")
    await v2.raw("/mmpaymkttransfers/sendredpack", PACKET | {"wxappid": v2.merchant.app_id})


def standing(snapshot: dict[str, Any]) -> dict[str, str]:
    """
    How orders, refunds and payouts stand.
    """
    trades = snapshot["trades"]
    return {
        **{one["opening"]["out_trade_no"]: one["state"] for one in trades},
        **{number: made["state"] for one in trades for number, made in one["refunds"].items()},
        **{one["out_biz_no"]: one["state"] for one in snapshot["payouts"]},
        "typed": " ".join(one["notes"].get("paying", "-") for one in trades if one["opening"]["product"] == "barcode"),
    }


async def test_what_was_put_off_happens_in_another_process(credentials_dir):
    async with simulator(credentials_dir) as box:
        await puts_off(box, credentials_dir)
        snapshot = await box.control("GET", "/snapshot")
    assert {one["job"] for one in snapshot["timers"]} == {
        *("time_came", "refund", "payout", "v3.password", "v3.transfer", "v3.batch", "v2.password", "v2.packet"),
        *("payment", "giveback"),
    }
    async with simulator(credentials_dir) as other:
        await other.control("PUT", "/snapshot", snapshot)
        before = await other.control("GET", "/snapshot")
        assert (before["timers"], standing(before)) == (snapshot["timers"], standing(snapshot))
        await other.advance(2)
        assert standing(await other.control("GET", "/snapshot")) == standing(snapshot)
        await other.advance(4 * 3600)
        after = standing(await other.control("GET", "/snapshot"))
        told = [item["api"] for item in (await other.control("GET", "/journal?direction=out"))["items"]]
    assert {name for name, state in after.items() if state in {"PROCESSING", "WAITING"}} == {"code-2"}
    assert (after["closes"], after["code01"], after["typed"]) == ("CLOSED", "PAID", "- PAYERROR")
    assert (after["r1"], after["refund01"], after["b1"], after["bill1"]) == ("SUCCEEDED",) * 4
    assert "close" in told


async def test_a_reset_calls_off_what_was_put_off(box):
    await box.control("POST", "/trades/wechatpay/none/buyer", {"action": "pay"}, status=404)
    timers = box.simulator._timers
    merchant = box.simulator.providers["alipay"].merchants[0]
    timers.set(Timer("alipay", merchant, "refund", 60.0, {"order": "o1", "refund": "r1"}))
    assert len((await box.control("GET", "/snapshot"))["timers"]) == 1
    await box.control("POST", "/reset")
    assert (await box.control("GET", "/snapshot"))["timers"] == []


async def test_a_timer_for_a_job_that_nobody_does_is_refused():
    timers = Timers(ScheduleClock(SystemClock()))
    timers.serve("alipay", "2088", "known", lambda *_: None)
    timers.must_know([Timer("alipay", "2088", "known", 0.0, {})])
    with pytest.raises(BookRefused, match="'unknown' of alipay"):
        timers.must_know([Timer("alipay", "2088", "unknown", 0.0, {})])
