"""
What scenarios can put to the test: every requirement but those that ask for a moment which no verb brings about.
"""

import pytest

from harness.catalog import BY_ID
from harness.checks import CHECKS
from harness.errors import ScenarioError
from harness.script.loader import library, load
from harness.script.witnesses import CASES_ONLY, MARKS
from tests.unit.harness.tales import TALES

STORY = """\
id: notify/one
title: One
purpose: Nothing.
requirements: [notify/nothing-lost, {word}]
"""


def witnessed_without(marks, tale, requirement):
    """How often a tale puts it to the test when these moments have no name."""
    lines = [line for line in tale.history if line.kind != "mark" or line.value["name"] not in marks]
    return CHECKS[requirement](lines).witnessed


def test_they_are_exactly_those_that_ask_for_what_no_verb_names():
    every = {line.value["name"] for _, _, tale in TALES for line in tale.history if line.kind == "mark"}
    kept = {name: [tale for other, verdict, tale in TALES if (other, verdict) == (name, "PASS")] for name in CHECKS}

    beyond = {
        name for name, tales in kept.items() if not any(witnessed_without(every - MARKS, tale, name) for tale in tales)
    }

    assert beyond == CASES_ONLY
    assert set(BY_ID) > CASES_ONLY
    assert every > MARKS


@pytest.mark.parametrize("word", ["spike/notifies", "crash/while-opening", "money/paid-twice"])
def test_a_scenario_that_names_one_is_told_who_can(tmp_path, word):
    file = tmp_path / "story.yaml"
    file.write_text(STORY.format(word=word))

    with pytest.raises(ScenarioError) as caught:
        load(file)

    assert str(caught.value) == (
        f"{file}:4:37: requirements.1: {word}: no verb brings about what it asks for, so no scenario can witness it; "
        f"`payproof check {word}` does"
    )


def test_whatever_verbs_name_the_library_has():
    asked = {name for _, file in library() for name in load(file).requirements}

    assert asked & {"reconciliation/again-harmless", "reconciliation/day-not-over", "close/paid-at-once"}
    assert not asked & CASES_ONLY
