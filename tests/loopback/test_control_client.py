"""
The harness's client over the real control API: each of its methods does what it says.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest
import pytest_asyncio

from harness.control import BuyerAction, SimulatorControl
from harness.errors import ControlError
from mock_providers.core.books.payouts import Payout
from mock_providers.core.money import Fen
from tests.loopback.sandbox import Sandbox

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def control(box: Sandbox) -> AsyncIterator[SimulatorControl]:
    async with SimulatorControl(box.simulator.control_url) as control:
        yield control


async def test_it_reads_what_runs_there(box, control):
    assert await control.health()
    assert (await control.openapi()).splitlines()[2].startswith("openapi: 3.1")
    (merchant,) = [one for one in await control.merchants() if one.provider == "alipay"]
    assert (await control.info())["providers"]["alipay"]["merchants"] == [merchant.merchant_id]
    asked_at = datetime(2026, 11, 27, tzinfo=UTC)
    box.simulator.book.payouts.open(
        Payout("alipay", merchant.merchant_id, "b/1", "p1", Fen(100), "anybody", asked_at, label="pp000009")
    )
    payout = await control.payout("alipay", "b/1")
    assert [one async for one in control.payouts(provider="alipay")] == [payout]
    assert (payout.amount_fen, payout.asked_at, payout.state) == (100, asked_at, "PROCESSING")


async def test_it_plays_the_buyer(box, control):
    await box.precreate("o1")
    trade = await control.buyer("alipay", "o1", action=BuyerAction.WRONG_PASSWORD)
    assert trade.state == "WAITING"
    assert (await control.qr(trade.qr_code, action="pay_twice")).paid_fen == 123
    assert (await control.trade("alipay", "o1", merchant=trade.merchant_id)).state == "PAID"
    assert [one.out_trade_no async for one in control.trades(merchant=trade.merchant_id)] == ["o1"]
    with pytest.raises(ControlError, match="knows no order") as caught:
        await control.trade("alipay", "o1", merchant="somebody")
    assert (caught.value.status, caught.value.hint) == (404, "list what there is with GET /control/v1/trades")


async def test_it_handles_notifies(box, control):
    await control.put_faults([{"id": "late", "fault": "delay", "where": {"first": 1}, "with": {"seconds": 600}}])
    for number in (1, 2, 3):
        await box.pay(f"o{number}", label=f"pp00000{number}")
    first, second, third = [one async for one in control.notifies(state="pending")]
    assert (await control.notify(first.id)) == first
    assert (await control.forge(first.id)).kind == "forged"
    assert (await control.tamper(first.id, add_fen=5)).kind == "tampered"
    assert (await control.copy(first.id)).kind == "duplicate"
    assert (await control.hold(first.id)).state == "held"
    assert (await control.release(first.id)).state == "pending"
    assert [one.out_trade_no for one in await control.reorder([third.id, first.id])] == ["o3", "o1"]
    assert (await control.drop(second.id)).last_answer == {"dropped": True}
    assert (await control.deliver(first.id)).kind == "duplicate"
    (due,) = [one async for one in control.notifies(state="pending", provider="alipay", order="o2")]
    reading = await control.next_rung("alipay", "o2")
    assert (reading.schedule_at, reading.pending) >= (due.due_at, 0)
    assert [one.fields["out_trade_no"] for one in box.receiver.received] == [
        *("o1", "o1", "o1"),  # forged, tampered, copied
        *("o3", "o1", "o1", "o2"),
    ]
    assert (await control.counts()).pending == 0


async def test_it_reads_the_journal_three_ways(box, control):
    await box.precreate("o1")
    async with control.journal_stream(order="o2") as live:
        await box.precreate("o2", label="pp000002")
        seen = await anext(live)
    pages = [one async for one in control.journal(order="o2", direction="in", limit=1)]
    lines = [orjson.loads(line) async for line in control.journal_ndjson(order="o2")]
    assert pages == [seen] == [await control.exchange(seen.seq)]
    assert lines == [seen.raw]
    with pytest.raises(ControlError, match="signature=bad"):
        [one async for one in control.journal_ndjson(signature="bad")]
    with pytest.raises(ControlError, match="signature=bad"):
        async with control.journal_stream(signature="bad"):
            pass


async def test_it_moves_the_clocks_and_the_rules(box, control):
    assert (await control.set_rate(0)).rate == 0
    before = await control.clock()
    after = await control.advance(60)
    assert (after.schedule_at - before.schedule_at).total_seconds() == 60
    await control.add_rule({"id": "a/b", "fault": "drop", "where": {"on": "notify", "first": 1}})
    await box.pay()
    await control.advance(0)
    assert [(one.rule, one.hit) async for one in control.decisions()] == [("a/b", True)]
    await control.delete_rule("a/b")
    assert await control.faults() == ()


async def test_it_plants_differences_and_takes_them_out(control):
    (planted,) = await control.plant("alipay", day="2026-11-27", kind="fee", add_fen=-2)
    assert (planted.kind, planted.add_fen, planted.day) == ("fee", -2, "2026-11-27")
    assert await control.planted() == (planted,)
    await control.unplant()
    assert await control.planted() == ()
    with pytest.raises(ControlError, match="Did you mean 'alipay'"):
        await control.plant("alipya", day="2026-11-27", kind="fee")


async def test_it_takes_and_gives_back_a_run(box, control):
    await box.pay()
    snapshot = await control.snapshot()
    await control.reset()
    assert [one async for one in control.trades()] == []
    epoch = (await control.restore(snapshot))["epoch"]
    assert epoch == (await control.info())["epoch"] != orjson.loads(snapshot)["epoch"]
    assert [one.state async for one in control.trades()] == ["PAID"]
