"""
Scenarios on trial, in one process: each acquits the reference gateway and convicts the broken ones that it names.
"""

import asyncio

import pytest

from harness.gallery import MUTANTS
from harness.history import History
from harness.ids import Ids
from harness.script.loader import library, load
from harness.script.outcome import run
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop

STORIES = {name: load(file) for name, file in library()}
CHARGES = [(name, mutant) for name, story in STORIES.items() for mutant in story.convicts]


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    return tmp_path_factory.mktemp("credentials")


def verdict_on(story, credentials, parts):
    """Play it against a gateway with these parts replaced, on virtual time."""

    async def play():
        plan = InProcessPlan(credentials=credentials, ids=Ids(story.seed, run_nonce="trial"), parts=parts)
        world = await InProcessWorld.open(plan)
        try:
            return await run(story, world, history=History(world.clock), announce=lambda _event: None)
        finally:
            await world.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(play())


@pytest.mark.parametrize("story", STORIES)
def test_the_reference_gateway_is_acquitted(story, credentials):
    result = verdict_on(STORIES[story], credentials, {})

    assert (result.verdict, result.findings, result.reasons) == (Verdict.PASS, (), ())


@pytest.mark.parametrize(("story", "mutant"), CHARGES)
def test_a_broken_gateway_is_convicted_of_what_it_did(story, mutant, credentials):
    result = verdict_on(STORIES[story], credentials, MUTANTS[mutant].parts())

    assert result.verdict is Verdict.FAIL
    assert {finding.id for finding in result.findings} & set(MUTANTS[mutant].must_be_convicted_by)


def test_duplicate_storm_charges_somebody():
    assert {"credits-every-notify", "believes-unsigned-notifies"} <= set(STORIES["notify/duplicate-storm"].convicts)


def test_whoever_is_named_hangs_in_the_gallery():
    assert {mutant for story in STORIES.values() for mutant in story.convicts} <= set(MUTANTS)
