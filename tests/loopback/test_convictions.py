"""
Scenarios on trial, in one process: each acquits the reference gateway, convicts a broken one that it names, and meets
the same faults whenever it is played with the same seed. Those over processes are in `tests/processes/test_chaos.py`.
"""

import pytest

from harness.gallery import MUTANTS
from harness.playing import Play, play_in_process
from harness.script.loader import library, load
from harness.script.schema import Expect, Load
from harness.verdict import Verdict
from harness.world.in_process import InProcessWorld
from tests.keys import copy_keys

STORIES = {name: load(file) for name, file in library()}
HERE = [name for name, story in STORIES.items() if story.world == InProcessWorld.name]
CHARGES = [name for name in HERE if STORIES[name].convicts]


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    return copy_keys(tmp_path_factory.mktemp("credentials"))


def told_of(story, credentials, gateway="reference", **more):
    return play_in_process(Play(scenario=story, seed=story.seed, gateway=gateway, **more), credentials=credentials)


@pytest.mark.parametrize("story", HERE)
def test_the_reference_gateway_is_acquitted(story, credentials):
    result = told_of(STORIES[story], credentials).result

    assert (result.verdict, result.findings, result.reasons) == (Verdict.PASS, (), ())


@pytest.mark.parametrize("story", CHARGES)
def test_a_broken_gateway_is_convicted_of_what_it_did(story, credentials):
    result = told_of(STORIES[story], credentials, f"gallery:{STORIES[story].convicts[0]}").result

    assert result.verdict is Verdict.FAIL
    assert result.findings


def test_the_same_seed_meets_the_same_faults_and_its_plan_meets_them_again(credentials, tmp_path):
    changed = {"profile": "storm", "faults": (), "load": Load(payments=4), "expect": Expect(audit="any")}
    story = STORIES["notify/duplicate-storm"].model_copy(update=changed)
    first, again = (told_of(story, credentials, folder=made(tmp_path / name)) for name in ("first", "again"))
    drawn = told_of(story, credentials, folder=made(tmp_path / "drawn"), plan=tmp_path / "first" / "plan.yaml")

    reached = first.decisions.keys() & again.decisions.keys()
    assert len(reached) > 200
    assert {key: first.decisions[key] for key in reached} == {key: again.decisions[key] for key in reached}
    assert first.result.verdict is again.result.verdict
    struck = {key for key, hit in first.decisions.items() if hit and key in drawn.decisions}
    assert struck
    assert all(drawn.decisions[key] for key in struck)
    assert drawn.result.counts.notifies_forged == first.result.counts.notifies_forged
    assert {path.name for path in (tmp_path / "first").iterdir()} >= {"history.ndjson", "wire.ndjson", "summary.json"}


def made(folder):
    folder.mkdir()
    return folder


def test_every_scenario_charges_somebody_who_hangs_in_the_gallery():
    assert {name for name, story in STORIES.items() if not story.convicts} == set()
    assert {mutant for story in STORIES.values() for mutant in story.convicts} <= set(MUTANTS)


def test_most_scenarios_are_short():
    assert sum(story.long for story in STORIES.values()) <= 4
