"""
Every verb of the scenario language is played by a scenario of the library, and each family has one.
"""

from typing import get_args

import pytest

from harness.script.interpreter import VERBS
from harness.script.loader import library, load
from harness.script.verbs import Notifies, Plant

STORIES = {name: load(file) for name, file in library()}
MOVES = [step for story in STORIES.values() for step in story.moves]
FAMILIES = {
    "attack",
    "clock",
    "close",
    "crash",
    "double",
    "keys",
    "lost",
    "network",
    "notify",
    "outage",
    "reconciliation",
    "refund",
    "spike",
    "storage",
    "unknown",
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_played(verb):
    assert verb in {step.verb for step in MOVES}


def test_no_family_is_missing():
    assert {name.partition("/")[0] for name in STORIES} == FAMILIES


def test_every_difference_but_a_fee_is_planted_somewhere():
    """What a bill takes as a fee is no matter of a gateway that was told of no contract."""
    planted = {step.told.kind for step in MOVES if isinstance(step.told, Plant)}

    assert planted == {"missing_row", "extra_row", "amount", "refund_other_day", "empty_bill"}


def test_notifies_are_taken_into_our_hands_in_every_way():
    played = {step.told.do for step in MOVES if isinstance(step.told, Notifies)}

    assert played == set(get_args(Notifies.model_fields["do"].annotation))
