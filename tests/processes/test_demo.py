"""
The demo over real processes: clean with the reference gateway, convicting broken ones, undecided when nothing was seen.
"""

import asyncio
import collections

import orjson
import pytest

from harness.commands.demo import DemoPlan, run_demo
from harness.gallery import MUTANTS
from harness.settings import HarnessSettings
from harness.world.launch import PythonMain
from tests.keys import copy_keys

pytestmark = pytest.mark.processes


def demo(home, plan):
    """Run a demo; its exit code, its summary and its findings."""
    out = home / f"run-{len(list(home.glob('run-*')))}"
    copy_keys(home / "home" / "credentials")
    code = asyncio.run(run_demo(plan, settings=HarnessSettings(home=home / "home", out=out)))
    return code, orjson.loads((out / "summary.json").read_bytes()), orjson.loads((out / "findings.json").read_bytes())


async def until_paid(world, count):
    """Come back when so many have paid."""
    while True:
        trades, _ = await world.control.trades_page(limit=500)
        if sum(trade.paid_fen > 0 for trade in trades) >= count:
            return
        await world.clock.sleep(0.02)


def decisions(home, run):
    lines = (home / f"run-{run}" / "decisions.ndjson").read_bytes().splitlines()
    return [orjson.loads(line) for line in lines]


def test_the_same_seed_draws_the_same_faults_twice_on_one_store(tmp_path):
    plan = DemoPlan(payments=120, seed=7)

    (first_code, first, _), (second_code, second, _) = demo(tmp_path, plan), demo(tmp_path, plan)

    assert (first_code, second_code) == (0, 0)
    assert first["payments"] == first["paid"] == 120
    assert (first["lost"], first["credited_twice"], first["mismatched"]) == (0, 0, 0)
    assert first["notifies_duplicate"] > 0
    assert first["notifies_forged"] > 0
    timing = {"elapsed_s", "payments_per_s"}
    assert {k: v for k, v in first.items() if k not in timing} == {k: v for k, v in second.items() if k not in timing}
    drawn = [
        collections.Counter((one["rule"], one["label"], one["attempt"]) for one in run if one["on"] == "notify")
        for run in (decisions(tmp_path, 0), decisions(tmp_path, 1))
    ]
    assert drawn[0] == drawn[1]


def test_another_seed_draws_other_faults(tmp_path):
    demo(tmp_path, DemoPlan(payments=30, seed=1))
    demo(tmp_path, DemoPlan(payments=30, seed=2))

    assert decisions(tmp_path, 0) != decisions(tmp_path, 1)


# What ordinary traffic shows in passing; the rest of the gallery is convicted by the catalogue's cases.
IN_PASSING = (
    "believes-unsigned-notifies",
    "books-refund-notices",
    "credits-every-notify",
    "credits-notified-amount",
    "tells-anew",
)


@pytest.mark.parametrize("name", IN_PASSING)
def test_a_planted_bug_fails_the_demo(tmp_path, name):
    mutant = MUTANTS[name]
    broken = PythonMain("harness.gallery.serve", (name,))
    plan = DemoPlan(payments=40, seed=3, channels=("alipay",), gateway=broken, patience_s=20)

    code, summary, findings = demo(tmp_path, plan)

    assert (code, summary["verdict"]) == (1, "FAIL")
    assert set(mutant.must_be_convicted_by) & {finding["id"] for finding in findings}


def test_a_demo_in_which_no_notify_arrives_is_undecided(tmp_path):
    profile = tmp_path / "deaf.yaml"
    profile.write_text("profile: deaf\nrules:\n  - {id: nothing, fault: drop_all, where: {on: notify}}\n")

    code, summary, _ = demo(tmp_path, DemoPlan(payments=5, seed=1, profile=str(profile), patience_s=20))

    assert (code, summary["verdict"]) == (3, "UNKNOWN")


def test_a_gateway_that_is_dead_at_the_end_is_undecided(tmp_path):
    async def kill(world):
        await until_paid(world, 10)
        await world.kill_gateway()

    plan = DemoPlan(payments=16, seed=5, profile="calm", disturb=kill, patience_s=2)

    code, summary, findings = demo(tmp_path, plan)

    assert (code, summary["verdict"], findings) == (3, "UNKNOWN", [])
    assert summary["paid"] >= 10


def test_a_gateway_killed_in_the_middle_loses_nothing(tmp_path):
    async def kill_twice(world):
        for _ in range(2):
            await until_paid(world, 25)
            await world.kill_gateway()
            await world.restart_gateway()

    code, summary, findings = demo(tmp_path, DemoPlan(payments=120, seed=5, disturb=kill_twice))

    assert (code, findings) == (0, [])
    assert (summary["paid"], summary["lost"], summary["credited_twice"]) == (120, 0, 0)
