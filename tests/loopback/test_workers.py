"""
Several workers look like one simulator: one address, one control API, the same faults, and a death that is told.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from tests.loopback.sandbox import Sandbox, sandbox
from tests.loopback.shared import ROOT, Shared, shared_sandbox
from tests.loopback.test_control_contract import EXAMPLES, OPERATIONS, REFUSALS, checked, filled, furnished

pytestmark = pytest.mark.asyncio

PAYMENTS = 24
RULES = [
    {"id": "twice", "fault": "duplicate", "where": {"chance": 0.4}, "with": {"copies": 2}},
    {"id": "lost", "fault": "drop", "where": {"chance": 0.3, "first": 2}},
    {"id": "slow", "fault": "delay", "where": {"on": "reply", "chance": 0.3}, "with": {"seconds": 0.001}},
]


async def worked(boxes: Sequence[Sandbox]) -> None:
    """
    Payments of all merchants in turn, paid, their ladders walked to the end.
    """
    first = boxes[0]
    await first.control("PUT", "/faults", {"rules": RULES})
    for number in range(PAYMENTS):
        await boxes[number % len(boxes)].pay(f"o{number}", label=f"pp{number:06}")
    await first.advance(26 * 3600, until_idle=True)


async def everything(box: Sandbox, path: str, *, limit: int = 7) -> list[dict[str, Any]]:
    """
    A whole list, in small pages.
    """
    items: list[dict[str, Any]] = []
    cursor: Any = 0
    while cursor is not None:
        page = await box.control("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}&after={cursor}")
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
    return items


async def decided(box: Sandbox) -> set[tuple[Any, ...]]:
    """
    What the faults were, by what may sway them.
    """
    told = await everything(box, "/faults/decisions", limit=100)
    names = ("rule", "label", "on", "api", "occurrence", "attempt", "hit")
    return {tuple(one[name] for name in names) for one in told}


async def test_faults_are_the_same_with_one_two_and_three_workers(three_merchants):
    seen = []
    for workers in (1, 2, 3):
        async with shared_sandbox(three_merchants, workers=workers, merchants=3) as boxes:
            await worked(boxes)
            assert (await boxes[0].control("GET", "/info"))["workers"] == workers
            seen.append((await decided(boxes[0]), await boxes[0].control("GET", "/counts")))
    assert len(seen[0][0]) > 3 * PAYMENTS
    assert any(one[-1] for one in seen[0][0])
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]


async def test_lists_are_whole_and_in_their_order_whoever_holds_the_rows(three_merchants):
    async with shared_sandbox(three_merchants, "--schedule-rate", "1", workers=3, merchants=3) as boxes:
        await worked(boxes)
        trades = await everything(boxes[0], "/trades")
        assert [one["out_trade_no"] for one in trades] == [f"o{number}" for number in range(PAYMENTS)]
        assert len({one["merchant_id"] for one in trades}) == 3
        journal = await everything(boxes[0], "/journal", limit=10)
        stamps = [one["stamp_at"] for one in journal if one["direction"] == "in"]
        assert stamps == sorted(stamps)
        assert len({one["seq"] for one in journal}) == len(journal) > 2 * PAYMENTS
        for one in (journal[0], journal[-1]):
            assert await boxes[0].control("GET", f"/journal/{one['seq']}") == one
        notifies = await everything(boxes[0], "/notifies")
        assert len({one["id"] for one in notifies}) == len(notifies) >= PAYMENTS
        assert await boxes[0].control("GET", f"/notifies/{notifies[-1]['id']}") == notifies[-1]
        for cursor in ("1.2", "a.b.c", "-1"):
            assert (await boxes[0].control("GET", f"/trades?after={cursor}", status=400))["code"] == "bad_query"


async def test_the_contract_holds_in_front_of_workers(three_merchants):
    async with shared_sandbox(three_merchants, workers=2, merchants=3) as boxes:
        box = boxes[1]
        for name in sorted(OPERATIONS):
            await box.control("POST", "/reset")
            await box.control("DELETE", "/bills/planted")
            names = await furnished(box)
            path, body = EXAMPLES[name]
            await checked(box, OPERATIONS[name], filled(path, names), body=filled(body, names), status=200)
            if name in REFUSALS:
                path, body, status = REFUSALS[name]
                await box.control("PUT", "/snapshot", names["snapshot"])
                await checked(box, OPERATIONS[name], filled(path, names), body=filled(body, names), status=status)


async def test_a_run_moves_between_one_process_and_several(three_merchants):
    async with shared_sandbox(three_merchants, "--schedule-rate", "1", workers=2, merchants=3) as two:
        await worked(two)
        before = await everything(two[0], "/trades")
        snapshot = await two[0].control("GET", "/snapshot")
    async with sandbox(three_merchants, merchants=3) as one:
        await one.control("PUT", "/snapshot", snapshot)
        assert _without_paths(await everything(one, "/trades")) == _without_paths(before)
        snapshot = await one.control("GET", "/snapshot")
    async with shared_sandbox(three_merchants, workers=3, merchants=3) as three:
        info = await three[0].control("PUT", "/snapshot", snapshot)
        assert info["workers"] == 3
        assert _without_paths(await everything(three[0], "/trades")) == _without_paths(before)
        again = await three[0].control("GET", "/snapshot")
        assert again["counts"] == snapshot["counts"]
        assert sorted(again["faults"]["attempts"]) == sorted(snapshot["faults"]["attempts"])
        for number, box in enumerate(three):
            told = await box.call("alipay.trade.query", {"out_trade_no": f"o{number}"})
            assert told["trade_status"] == "TRADE_SUCCESS"


def _without_paths(trades: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    A cashier page's address says at which worker it is, and only that may change.
    """
    return [{name: value for name, value in one.items() if name != "cashier_path"} for one in trades]


async def test_a_worker_that_dies_comes_back_empty_and_says_so(three_merchants):
    async with shared_sandbox(three_merchants, workers=3, merchants=3) as boxes:
        await worked(boxes)
        before = await boxes[0].control("GET", "/info")
        victim = workers_of(boxes[0])[1]
        os.kill(victim, signal.SIGKILL)
        await gone(victim)
        # Whoever asks now waits until it is there again.
        trades = await everything(boxes[0], "/trades")
        assert len(trades) == PAYMENTS * 2 // 3
        after = await boxes[0].control("GET", "/info")
        assert after["epoch"] != before["epoch"]
        assert {**after, "epoch": ""} == {**before, "epoch": ""}
        # The others' schedule is its schedule, their rules are its rules, and its merchant is served as before.
        for number, box in enumerate(boxes):
            await box.pay(f"again{number}", label="pp900001")
        await boxes[0].advance(0)
        again = [one for one in await everything(boxes[0], "/trades") if one["out_trade_no"].startswith("again")]
        assert len(again) == 3
        days = {one["created_at"][:10] for one in again}
        assert len(days) == 1
        told = {one["rule"] for one in await everything(boxes[0], "/faults/decisions") if one["label"] == "pp900001"}
        assert told >= {"twice", "lost"}


async def test_nobody_outlives_the_parent(three_merchants):
    async with shared_sandbox(three_merchants, workers=2, merchants=2) as boxes:
        workers = workers_of(boxes[0])
        assert len(workers) == 2
        os.kill(parent_of(boxes[0]), signal.SIGKILL)
        for worker in workers:
            await gone(worker)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--workers", "3", "--merchants", "2"], b"only 2 merchants"),
        (["--workers", "2", "--faults-file", "/nonexistent.yaml"], b"cannot be read"),
        (["--workers", "0"], b"workers"),
    ],
)
async def test_bad_settings_are_refused_before_any_worker_starts(three_merchants, flags, told):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mock_providers", "--credentials-dir", str(three_merchants), *flags),
        cwd=ROOT, env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, said = await process.communicate()
    assert (process.returncode, printed) == (2, b"")
    assert told in said


def parent_of(box: Sandbox) -> int:
    """
    The process that was started; it starts the workers.
    """
    shared = cast("object", box.simulator)
    assert isinstance(shared, Shared)
    return shared.process.pid


def workers_of(box: Sandbox) -> list[int]:
    """
    The workers' process numbers, in the order in which they were started.
    """
    parent = parent_of(box)
    return [*map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]


async def gone(pid: int) -> None:
    """
    Wait until a process has ended.
    """
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watch, ended.set)
    try:
        async with asyncio.timeout(20):
            await ended.wait()
    finally:
        loop.remove_reader(watch)
        os.close(watch)
