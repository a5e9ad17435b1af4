import json

import orjson
import pytest

from harness.errors import ScenarioError, ScenarioNotFoundError
from harness.script.faults import SETTINGS
from harness.script.interpreter import VERBS
from harness.script.loader import ROOT, find, library, load, profile_document
from harness.script.schema import Step, json_schema, seconds
from mock_providers.faults.registry import FAULTS

GOOD = """\
id: notify/one
title: One
purpose: Nothing.
requirements: [idempotency/credited-once]
seed: 3
faults:
  - id: twice
    fault: duplicate
    where: {on: notify}
    with: {copies: 2}
load: {payments: 2}
steps:
  - open
  - advance: 90s
  - notifies: {do: deliver, order: pp000001}
expect: {paid: 2}
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "story.yaml"
        file.write_text(text)
        return file

    return write


def test_a_story_is_read_with_its_shorthands(written):
    scenario = load(written(GOOD))

    assert [step.text for step in scenario.steps] == ["open", "advance by=90s", "notifies do=deliver order=pp000001"]
    assert scenario.faults[0].to_json() == {
        "id": "twice",
        "fault": "duplicate",
        "where": {"on": "notify", "order": "*", "chance": 1.0},
        "with": {"copies": 2},
    }


@pytest.mark.parametrize(
    ("right", "wrong", "place", "closest"),
    [
        ("purpose:", "purpse:", "3:1", "'purpose'"),
        ("seed: 3", "sed: 3", "5:1", "'seed'"),
        ("fault: duplicate", "fault: duplicat", "8:5", "'duplicate'"),
        ("{copies: 2}", "{copys: 2}", "10:12", "'copies'"),
        ("{on: notify}", "{onn: notify}", "9:13", "'on'"),
        ("{on: notify}", "{on: notfy}", "9:13", "'notify'"),
        ("{payments: 2}", "{paymnts: 2}", "11:8", "'payments'"),
        ("- open", "- opne", "13:5", "'open'"),
        ("- advance: 90s", "- advence: 90s", "14:5", "'advance'"),
        ("do: deliver", "do: delivr", "15:16", "'deliver'"),
        ("expect: {paid", "expect: {payd", "16:10", "'paid'"),
        ("idempotency/credited-once", "idempotency/credited-onc", "4:16", "'idempotency/credited-once'"),
    ],
)
def test_a_misspelt_word_is_refused_with_its_place_and_the_right_one(written, right, wrong, place, closest):
    assert right in GOOD
    with pytest.raises(ScenarioError) as caught:
        load(written(GOOD.replace(right, wrong, 1)))

    assert f"story.yaml:{place}: " in str(caught.value)
    assert f"did you mean {closest}?" in str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("90s", "90 sec", "14:5"),
        ("payments: 2", "payments: 0", "11:8"),
        ("purpose: Nothing.\n", "", "1:1"),
        ("seed: 3", "seed: 3\nprofile: flaky", "7:1"),
        ("seed: 3", "seed: 3\nseed: 4", "6:1"),
        ("  - open", "  - {open: {}, pay: {}}", "13:5"),
        ("seed: 3", "seed: [3", "6:7"),
    ],
)
def test_whatever_else_is_wrong_has_a_place_too(written, right, wrong, place):
    with pytest.raises(ScenarioError, match=rf"story\.yaml:{place}: "):
        load(written(GOOD.replace(right, wrong, 1)))


def test_all_mistakes_are_told_at_once(written):
    with pytest.raises(ScenarioError) as caught:
        load(written(GOOD.replace("seed", "sead").replace("copies", "copie")))

    assert len(str(caught.value).splitlines()) == 2


def test_what_is_no_mapping_is_no_scenario(written):
    with pytest.raises(ScenarioError, match="a scenario is a mapping"):
        load(written("- open\n"))


@pytest.mark.parametrize(
    ("span", "s"), [("250ms", 0.25), ("90s", 90.0), ("4m", 240.0), ("25h", 90_000.0), ("1.5d", 129_600.0)]
)
def test_spans(span, s):
    assert seconds(span) == pytest.approx(s)


@pytest.fixture
def shelf(tmp_path):
    for name in ("notify/late", "notify/twice", "crash/late", "profiles/calm"):
        file = tmp_path / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text("rules: []\n")
    return tmp_path


def test_a_scenario_is_found_by_id_by_a_unique_last_part_or_by_its_file(shelf):
    assert find("notify/late", root=shelf) == shelf / "notify/late.yaml"
    assert find("twice", root=shelf) == shelf / "notify/twice.yaml"
    assert find(str(shelf / "crash/late.yaml"), root=shelf) == shelf / "crash/late.yaml"
    assert [name for name, _ in library(shelf)] == ["crash/late", "notify/late", "notify/twice"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("late", "crash/late, notify/late"),
        ("twise", "did you mean 'twice'?"),
        ("notify/twise", "did you mean 'notify/twice'?"),
        ("gone.yaml", "no file gone.yaml"),
        ("calm", "no scenario 'calm'"),
    ],
)
def test_what_is_not_found_is_told_with_what_comes_closest(shelf, name, words):
    with pytest.raises(ScenarioNotFoundError) as caught:
        find(name, root=shelf)

    assert words in str(caught.value)


def test_a_profile_that_is_not_there_is_told(shelf):
    assert profile_document("calm", root=shelf)["rules"] == []
    with pytest.raises(ScenarioError, match="did you mean 'calm'"):
        profile_document("clam", root=shelf)


@pytest.mark.parametrize(("name", "file"), list(library()))
def test_every_scenario_of_the_library_is_readable_short_and_stands_where_its_id_says(name, file):
    assert load(file).id == name
    assert len(file.read_text().splitlines()) < 40


def test_the_schema_in_the_library_is_the_one_that_the_code_makes():
    """
    When this fails: `python -m harness.script.write_schema`.
    """
    assert json.loads((ROOT / "schema.json").read_text()) == json.loads(orjson.dumps(json_schema()))


def test_the_verbs_are_about_two_dozen_and_every_one_can_be_played():
    assert set(VERBS) == set(Step.model_fields)
    assert len(VERBS) <= 27


def test_the_language_knows_the_faults_that_the_simulator_knows():
    assert {name: frozenset(fault.model_fields) for name, fault in FAULTS.items()} == dict(SETTINGS)
