"""
Traffic and a timeline in process: what happens beside the load happens at its time, and the money is right in the end.
"""

import asyncio
from collections import Counter

import pytest

from harness.events import Event, StepStarted
from harness.history import History, Phase
from harness.ids import Ids
from harness.script.outcome import run
from harness.script.schema import Scenario
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop
from tests.keys import copy_keys


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    return copy_keys(tmp_path_factory.mktemp("credentials"))


def story(**more):
    told = {"id": "crash/one", "title": "One", "purpose": "Nothing.", "requirements": ["money/credited-amount"]}
    return Scenario.model_validate({**told, **more})


def played(scenario, credentials):
    """Its result, its history, and the steps that were announced."""
    told: list[Event] = []

    async def play():
        world = await InProcessWorld.open(
            InProcessPlan(credentials=credentials, ids=Ids(scenario.seed, run_nonce="trial"), proxied=True)
        )
        try:
            history = History(world.clock, real=world.clock)
            return await run(scenario, world, history=history, announce=told.append), history
        finally:
            await world.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result, history = runner.run(play())
    return result, history, [event.text for event in told if isinstance(event, StepStarted)]


def test_traffic_is_paid_by_its_shares_while_things_happen(credentials):
    mix = {"alipay": 2, "wechatpay_v3": 1, "unionpay_rsa": 1}
    scenario = story(
        load={"payments": 12, "rate": 20, "channels": mix, "paid": 0.8, "refunded": 0.5, "think": "1s"},
        timeline=[
            {"at": "100ms", "kill": {}}, {"at": "300ms", "restart": {}}, {"after": 3, "outage": "alipay"},
            {"after": 5, "heal": {"provider": "alipay"}}, {"at": "700ms", "rotate_keys": "wechatpay"},
        ],
    )  # fmt: skip

    result, history, told = played(scenario, credentials)

    assert (result.verdict, result.findings, result.reasons) == (Verdict.PASS, (), ())
    asked = [line for line in history if line.kind == "create" and line.phase is Phase.INVOKE]
    assert Counter(line.value["channel"] for line in asked) == {"alipay": 6, "wechatpay_v3": 3, "unionpay_rsa": 3}
    assert 0 < result.audit.refunded < result.audit.paid < 12
    assert {text for text in told if text.startswith(("at", "after"))} == {
        "at 100ms: kill", "at 300ms: restart", "after 3 paid: outage provider=alipay",
        "after 5 paid: heal provider=alipay", "at 700ms: rotate_keys provider=wechatpay",
    }  # fmt: skip
    kinds = [line.kind for line in history if line.phase is Phase.FACT]
    assert {"kill", "restart", "outage", "heal", "rotate_keys", "settle"} <= set(kinds)


def test_a_moment_that_never_came_leaves_the_story_untold(credentials):
    result, _, _ = played(story(timeline=[{"after": 2, "kill": {}}]), credentials)

    assert result.verdict is Verdict.UNKNOWN
    assert result.reasons == ("after 2 paid: kill: only 1 were paid",)


def test_a_bound_on_settling_is_kept_or_fails(credentials):
    late = {"id": "late", "fault": "delay", "where": {"on": "notify"}, "with": {"seconds": 600}}
    steps = ["open", "pay", "settle"]

    inside, _, _ = played(story(faults=[late], steps=steps, expect={"settles_within": "20m"}), credentials)
    beyond, _, _ = played(story(faults=[late], steps=steps, expect={"settles_within": "1s"}), credentials)

    assert inside.verdict is Verdict.PASS
    assert beyond.verdict is Verdict.FAIL
    assert beyond.reasons[0].startswith("the dust took ")


@pytest.mark.parametrize("how", ["refuse", "silence", "half_open"])
def test_a_link_is_cut_and_healed_beside_the_load_and_nothing_is_lost(credentials, how):
    scenario = story(
        load={"payments": 8, "rate": 20, "channels": {"alipay": 1, "wechatpay_v2": 1}},
        steps=["run", {"reset": "gateway->platform"}, {"slow": {"link": "gateway->alipay", "latency": "300ms"}},
               {"open": 2}, "pay", "heal", "settle", "look"],
        timeline=[
            {"at": "100ms", "cut": {"link": "gateway->provider", "how": how}},
            {"at": "150ms", "cut": {"link": "provider->gateway", "how": how}},
            {"at": "20s", "heal": {}},
        ],
    )  # fmt: skip

    result, history, _ = played(scenario, credentials)

    assert (result.verdict, result.findings, result.reasons) == (Verdict.PASS, (), ())
    assert [line.value["what"] for line in history if line.kind == "cut"] == ["gateway->provider", "provider->gateway"]
