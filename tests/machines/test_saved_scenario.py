"""
What the operator saves is a story that the harness plays: the same faults strike the same attempts, and the same money moves.
"""

import asyncio
from collections import Counter

from harness.history import History
from harness.ids import Ids
from harness.script.loader import load
from harness.script.outcome import ScenarioResult, run
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop
from tests.keys import copy_keys
from tests.loopback.sandbox import sandbox

# How often which fault struck, by its place and the attempt.
Hits = Counter[tuple[str, str, int]]


async def lived(credentials) -> tuple[str, Hits]:
    """
    An order with a hard life: its page's scenario, and what struck it.
    """
    copy_keys(credentials)
    async with sandbox(credentials) as box:
        await box.rule("duplicate", copies=2)
        await box.rule("forged_signature", {"nth": 1})
        await box.rule("drop", {"nth": 1, "api": "payment"})
        await box.rule("timeout_after", {"api": "alipay.trade.refund", "nth": 9})
        await box.pay()
        await box.advance(300)
        await box.refund("1.23", "r1")
        await box.advance(300)
        async with box.session.get(f"{box.simulator.control_url}/orders/alipay/o1/scenario.yaml") as answer:
            text = await answer.text()
        made = (await box.control("GET", "/faults/decisions"))["items"]
        return text, Counter((one["fault"], one["on"], one["attempt"]) for one in made if one["hit"])


async def played(file, credentials) -> tuple[ScenarioResult, Hits]:
    world = await InProcessWorld.open(InProcessPlan(credentials=credentials, ids=Ids(7, run_nonce="saved")))
    try:
        history = History(world.clock, real=world.clock)
        result = await run(load(file), world, history=history, announce=lambda _: None)
        made = [one async for one in world.control.decisions() if one.hit]
        return result, Counter((one.fault, one.on, one.attempt) for one in made)
    finally:
        await world.close()


def test_a_saved_scenario_strikes_again_and_the_reference_gateway_stands(tmp_path):
    text, struck = asyncio.run(lived(tmp_path / "lived"))
    file = tmp_path / "saved.yaml"
    file.write_text(text)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result, again = runner.run(played(file, tmp_path / "played"))
    assert (result.reasons, result.findings, result.verdict) == ((), (), Verdict.PASS)
    assert again == struck
    assert struck["duplicate", "notify", 1] == 2, "of the payment and of the refund"
    assert {("forged_signature", "notify", 1), ("drop", "notify", 1), ("duplicate", "notify", 2)} <= set(struck)
