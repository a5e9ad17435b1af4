"""
The storm of duplicates in process: the reference gateway is acquitted, and what it alone shows is convicted.
"""

import asyncio
from pathlib import Path

import pytest

from harness.gallery import MUTANTS
from harness.history import History
from harness.ids import Ids
from harness.script.loader import find, load
from harness.script.outcome import ScenarioResult, run
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop


def storm(credentials: Path, parts=dict) -> ScenarioResult:
    async def played() -> ScenarioResult:
        plan = InProcessPlan(credentials=credentials, ids=Ids(7, run_nonce="storm"), parts=parts())
        world = await InProcessWorld.open(plan)
        try:
            history = History(world.clock, real=world.clock)
            return await run(load(find("duplicate-storm")), world, history=history, announce=lambda _: None)
        finally:
            await world.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(played())


def test_the_reference_gateway_weathers_it(tmp_path):
    result = storm(tmp_path)

    assert (result.verdict, result.findings, result.reasons) == (Verdict.PASS, (), ())


@pytest.mark.parametrize("mutant", ["refuses-repeats", "credits-every-notify", "believes-unsigned-notifies"])
def test_it_convicts_whom_it_must(tmp_path, mutant):
    result = storm(tmp_path, MUTANTS[mutant].parts)

    assert result.verdict is Verdict.FAIL
    assert set(MUTANTS[mutant].must_be_convicted_by) & {finding.id for finding in result.findings}
