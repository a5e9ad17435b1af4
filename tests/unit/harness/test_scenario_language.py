"""
The language itself: what is refused and where, what the load means, and that schema and page say the same as the code.
"""

import json
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from harness.errors import ConfigError, ScenarioError
from harness.script.befalling import deed_of
from harness.script.loader import library, load, read_yaml
from harness.script.schema import Load, Scenario
from harness.script.verbs import NEVER_BARE, SHORT, Step, shorthand
from harness.script.write_reference import PAGE, page
from harness.script.write_schema import KINDS, schema_text
from harness.world.nemesis import PROVIDER_LINKS, Link, links_of

HEAD = """\
id: crash/one
title: One
purpose: Nothing.
requirements: [idempotency/credited-once]
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "story.yaml"
        file.write_text(HEAD + text)
        return file

    return write


def test_without_steps_the_load_is_played_and_looked_at(written):
    scenario = load(written("load: {payments: 3}\n"))

    assert [step.text for step in scenario.steps] == ["run", "settle", "look"]
    assert (scenario.world, scenario.instances, scenario.long) == ("in_process", 1, False)


def test_a_moment_is_read_with_its_time_and_its_shorthand(written):
    scenario = load(written("timeline:\n  - {at: 500ms, kill: gateway}\n  - {after: 20, outage: alipay}\n"))

    assert [moment.text for moment in scenario.timeline] == [
        "at 500ms: kill what=gateway",
        "after 20 paid: outage provider=alipay",
    ]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("steps: [pause]\n", "5:9", "pause needs `world: processes`"),
        ("steps: [{kill: postgres}]\n", "5:10", "kill what=postgres needs `world: processes`"),
        ("steps:\n  - run\n  - cut: gateway->redis\n", "7:5", "needs `world: processes`"),
        ("world: processes\nsteps: [{clock: 90s}]\n", "6:10", "in `world: in_process` only"),
        ("instances: 2\n", "5:1", "two instances need `world: processes`"),
        ("steps: [open]\ntimeline: [{at: 1s, kill: gateway}]\n", "6:1", "beside `run`"),
        ("timeline: [{kill: gateway}]\n", "5:12", "has `at` or `after`"),
        ("timeline: [{at: 1s, after: 3, kill: gateway}]\n", "5:12", "has `at` or `after`"),
        ("timeline: [{at: 1s, settle: 3s}]\n", "5:21", "settle is a step"),
        ("timeline: [{at: 1s, kill: gatewy}]\n", "5:21", "did you mean 'gateway'?"),
        ("steps: [{cut: gateway->alipai}]\n", "5:10", "did you mean 'gateway->alipay'?"),
        ("load: {channels: {alipai: 1}}\n", "5:19", "did you mean 'alipay'?"),
        ("load: {rate: [{per_s: 5, for: 1s}]}\n", "5:26", "unknown key 'for'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(written, text, place, said):
    with pytest.raises(ScenarioError) as caught:
        load(written(text))

    assert f"story.yaml:{place}: " in str(caught.value)
    assert said in str(caught.value)


def test_paces_bring_their_payments_at_their_times():
    told = Load.model_validate({"rate": [{"per_s": 2, "during": "1s"}, {"per_s": 4, "during": "500ms"}]})

    assert (told.count, list(told.starts_s())) == (4, [0.0, 0.5, 1.0, 1.25])
    assert list(Load.model_validate({"rate": 10, "payments": 3}).starts_s()) == pytest.approx([0.0, 0.1, 0.2])
    assert Load.model_validate({"payments": 3, "rate": [{"per_s": 9, "during": "1s"}]}).count == 3


def test_every_short_form_is_a_setting_of_its_verb():
    for verb, setting in SHORT.items():
        kinds = get_args(Step.model_fields[verb].annotation)
        assert any(setting in getattr(kind, "model_fields", {}) for kind in kinds), verb
    for verb in set(Step.model_fields) - NEVER_BARE:
        assert Step.model_validate(shorthand(verb)).verb == verb


def test_moves_are_deeds_against_parts_and_links():
    told = {
        "kill": ("kill gateway", {}),
        "heal": ("heal", {}),
        "clock": ("clock gateway", {"by_s": -90.0}),
        "slow": ("slow gateway->redis", {"latency_s": 0.2, "bytes_per_s": None}),
    }
    given = ("kill", "heal", {"clock": "-90s"}, {"slow": {"link": "gateway->redis", "latency": "200ms"}})
    for step in given:
        deed = deed_of(Step.model_validate(shorthand(step)))
        assert deed is not None
        assert (deed.text, dict(deed.how)) == told[deed.verb]
    assert deed_of(Step.model_validate(shorthand({"heal": {"provider": "alipay"}}))) is None
    assert links_of(Link.TO_PROVIDER) == PROVIDER_LINKS
    assert Link.TO_PROVIDER not in links_of(None)


def test_the_page_tells_of_the_verbs_that_there_are():
    """
    When this fails: `make docs`.
    """
    assert PAGE.read_text() == page(PAGE.read_text())


def test_the_story_on_the_page_can_be_played(tmp_path):
    block = PAGE.read_text().split("```yaml\n")[1].split("```")[0]
    (tmp_path / "one.yaml").write_text(block)

    assert load(tmp_path / "one.yaml").convicts == ("credits-every-notify",)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_has_a_schema(kind):
    schema = json.loads(schema_text(kind))

    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"payproof {kind}"


def test_an_unknown_kind_is_answered_with_the_closest_one():
    with pytest.raises(ConfigError) as caught:
        schema_text("drivr")
    assert caught.value.hint == "did you mean driver?"


@pytest.mark.parametrize(("name", "file"), list(library()))
def test_editors_accept_what_the_loader_accepts(name, file):
    document = json.loads(json.dumps(read_yaml(file)))

    assert list(Draft202012Validator(json.loads(schema_text())).iter_errors(document)) == [], name
    assert Scenario.model_validate(document).id == name
