"""
A run as one document: taken here, and gone on with in another process's simulator.
"""

from typing import Any

import orjson
import pytest

from tests.loopback.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.asyncio


async def told(box: Sandbox) -> dict[str, Any]:
    """
    What the control API says of a run, but for what flows or belongs to the process.
    """
    trades = (await box.control("GET", "/trades"))["items"]
    return {
        "trades": trades,
        "pending": (await box.control("GET", "/notifies?state=pending"))["items"],
        "counts": await box.control("GET", "/counts"),
        "faults": await box.control("GET", "/faults"),
        "planted": await box.control("GET", "/bills/planted"),
    }


async def a_run(box: Sandbox) -> None:
    """
    Three orders in three states, a refund, a delayed and a held notify, a rule and a planted difference.
    """
    box.simulator.schedule.rate = 0.0
    await box.rule("delay", {"order": "*", "first": 1}, seconds=600)
    await box.pay("o1")
    await box.pay("o2", label="pp000002")
    await box.precreate("o3", label="pp000003")
    await box.refund("0.23", "r1", "o2")
    (held, *_) = (await box.control("GET", "/notifies?state=pending&order=o2"))["items"]
    await box.control("POST", f"/notifies/{held['id']}/hold")
    difference = {"provider": "alipay", "day": "2026-11-27", "kind": "amount", "out_trade_no": "o1", "add_fen": -3}
    await box.control("POST", "/bills/planted", difference)
    await box.advance(60)


async def test_a_run_goes_on_in_another_simulator(credentials_dir):
    async with sandbox(credentials_dir) as box, sandbox(credentials_dir) as other:
        await a_run(box)
        before = await told(box)
        snapshot = await box.control("GET", "/snapshot")
        await box.simulator.stop()
        info = await other.control("PUT", "/snapshot", snapshot)
        assert info["epoch"] not in {snapshot["epoch"], ""}
        assert await told(other) == before
        again = await other.control("GET", "/snapshot")
        assert {**again, "epoch": ""} == {**snapshot, "epoch": ""}
        await other.advance(539)
        assert box.receiver.received == []
        await other.advance(1)
        # o1's payment and o2's refund were delayed by the same; o2's payment is still held.
        assert [one.fields["out_trade_no"] for one in box.receiver.received] == ["o1", "o2"]
        (held,) = (await other.control("GET", "/notifies?state=pending"))["items"]
        await other.control("POST", f"/notifies/{held['id']}/release")
        assert len(await box.receiver.until(3)) == 3
        assert (await other.control("POST", "/trades/alipay/o3/buyer", {"action": "pay"}))["state"] == "PAID"


async def test_attempts_are_counted_on_after_a_restore(credentials_dir):
    async with sandbox(credentials_dir) as box, sandbox(credentials_dir) as other:
        rule = {"id": "third", "fault": "drop", "where": {"nth": 3}}
        box.receiver.answer = lambda _: (500, b"")
        await box.control("POST", "/faults/rules", rule)
        await box.pay()
        await box.receiver.until(1)
        await box.advance(0)
        await box.call("alipay.trade.query", {"out_trade_no": "o1"})
        await other.control("PUT", "/snapshot", await box.control("GET", "/snapshot"))
        snapshot = await other.control("GET", "/snapshot")
        assert [one[2:] for one in snapshot["faults"]["attempts"]] == [
            ["o1", "alipay.trade.precreate", 1],
            ["o1", "alipay.trade.query", 1],
        ]
        await other.advance(100_000)
        decided = [one["attempt"] for one in (await other.control("GET", "/faults/decisions"))["items"]]
        assert decided == list(range(3, 4))
        assert (await other.control("GET", "/counts"))["pending"] == 0


async def test_ladders_go_on_where_they_stood(credentials_dir):
    async with sandbox(credentials_dir) as box, sandbox(credentials_dir) as other:
        box.receiver.answer = lambda _: (500, b"")
        await box.pay()
        await box.receiver.until(1)
        for _ in range(3):
            await box.control("POST", "/trades/alipay/o1/next-rung")
        assert len(box.receiver.received) == 4
        snapshot = await box.control("GET", "/snapshot")
        await box.simulator.stop()
        await other.control("PUT", "/snapshot", snapshot)
        await other.advance(90_000)
        assert len(box.receiver.received) == 8


async def test_a_reset_and_a_restore_are_other_epochs(box):
    epochs = [(await box.control("GET", "/info"))["epoch"]]
    snapshot = await box.control("GET", "/snapshot")
    assert snapshot["epoch"] == epochs[0]
    await box.control("POST", "/reset")
    epochs.append((await box.control("GET", "/info"))["epoch"])
    epochs.append((await box.control("PUT", "/snapshot", snapshot))["epoch"])
    assert len({*epochs}) == 3


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"seed": 8}, 409, "other_seed"),
        ({"merchants": [["alipay", "2088000000000000"]]}, 409, "other_merchants"),
        ({"version": 1}, 400, "bad_snapshot"),
        ({"trades": [{"opening": {}}]}, 400, "bad_snapshot"),
        ({"faults": {}}, 400, "bad_snapshot"),
        ({"timers": [{"job": "refund"}]}, 400, "bad_snapshot"),
        ({"labels": {"orders": [["alipay", "o1"]], "arrivals": 0}}, 400, "bad_snapshot"),
        ({"faults": {"profile": "x", "rules": [{"id": "a", "fault": "dorp"}], "attempts": []}}, 400, "bad_rules"),
    ],
)
async def test_a_document_that_does_not_fit_changes_nothing(box, change, status, code):
    await a_run(box)
    before, snapshot = await told(box), await box.control("GET", "/snapshot")
    problem = await box.control("PUT", "/snapshot", {**snapshot, **change}, status=status)
    assert (problem["code"], bool(problem["next"])) == (code, True)
    assert await told(box) == before


async def test_what_is_no_json_is_no_snapshot(box):
    url = f"{box.simulator.control_url}/control/v1/snapshot"
    async with box.session.put(url, data=b"{") as answer:
        assert (answer.status, orjson.loads(await answer.read())["code"]) == (400, "bad_snapshot")
