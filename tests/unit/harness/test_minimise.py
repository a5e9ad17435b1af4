"""
A failing story made smaller: what it needs stays, and nothing else does.
"""

import pytest

from harness.script.loader import load
from harness.script.minimise import document, minimise, written
from harness.script.schema import Scenario


def story(**more):
    told = {
        "id": "crash/one",
        "title": "One",
        "purpose": "Nothing.",
        "requirements": ["money/credited-amount", "state/never-back", "notify/nothing-lost"],
        "faults": [{"id": name, "fault": "drop", "where": {"on": "notify"}} for name in "abcde"],
        "load": {"payments": 40},
        "steps": ["run", {"advance": "4d"}, "settle", "look"],
        "timeline": [{"at": "1s", "kill": {}}, {"at": "2s", "restart": {}}, {"after": 3, "refuse_webhooks": 2}],
        "expect": {"paid": 40},
    }
    return Scenario.model_validate({**told, **more})


def needs(*, faults=(), moments=(), steps=(), payments=1):
    """Fails as long as all of that is there; counts how often it was asked."""
    asked = []

    def fails(scenario):
        asked.append(scenario)
        return (
            set(faults) <= {rule.id for rule in scenario.faults}
            and set(moments) <= {moment.verb for moment in scenario.timeline}
            and set(steps) <= {step.verb for step in scenario.steps}
            and scenario.load.count >= payments
        )

    return fails, asked


def test_only_what_it_needs_to_fail_stays():
    fails, asked = needs(faults="bd", moments=["kill"], steps=["run", "look"], payments=6)

    small = minimise(story(), fails)

    assert [rule.id for rule in small.faults] == ["b", "d"]
    assert [moment.verb for moment in small.timeline] == ["kill"]
    assert [step.verb for step in small.steps] == ["run", "look"]
    assert small.load.count == 10
    assert len(small.requirements) == 1
    assert small.expect.paid is None
    assert len(asked) < 60


def test_what_fails_by_luck_alone_stays_as_it_is():
    assert minimise(story(), lambda _: False) == story()


def test_it_gives_up_after_so_many_plays():
    fails, asked = needs(faults="abcde")
    minimise(story(), fails, plays=7)

    assert len(asked) == 7


@pytest.mark.parametrize("told", [story(), story(timeline=(), steps=("open", {"refund": {"times": 2}}))])
def test_a_story_is_written_as_it_is_read(told, tmp_path):
    (tmp_path / "small.yaml").write_text(written(told, remark="fails with: payproof chaos small.yaml"))

    again = load(tmp_path / "small.yaml")
    assert again == told
    assert document(again) == document(told)
