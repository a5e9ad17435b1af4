"""
A story in sentences, as a scenario that loads, and as Python.
"""

import ast

from harness.machines.moves import Move, Story
from harness.machines.oracle import broken
from harness.machines.tale import SENTENCES, sentences, to_python, to_yaml
from harness.script.loader import load

MOVES = (
    Move(what="open", told={"channel": "alipay", "amount_fen": 990, "faults": [{"fault": "busy", "on": "reply"}]}),
    Move(what="strike", order=1, told={"fault": {"fault": "duplicate", "copies": 7, "concurrent": True}}),
    Move(what="pay", order=1),
    Move(what="at_once", told={"parts": [{"what": "sync", "order": 1}, {"what": "crash", "turns": 3}]}),
    Move(what="refund", order=1, told={"shares": [50], "times": 2}),
    Move(what="tamper", order=1, told={"which": 0, "add_fen": 1}),
    Move(what="platform_down", told={"count": 2}),
    Move(what="advance", told={"seconds": 3600.0}),
    Move(what="open_other", order=1),
)
STORY = Story(seed=7, turns=(1, 2), moves=MOVES)
FOUND = (broken("idempotency/credited-once", "pp000001-story", "what the buyer did", "credited 2 times"),)


def test_a_story_is_told_in_plain_sentences():
    told = sentences(STORY)

    assert told[0] == "Order 1: 9.90 yuan over alipay; the answer meets busy."
    assert told[2] == "The buyer of order 1 pays."
    assert told[3].startswith("At the same moment: The platform has the gateway ask")
    assert told[7] == "3600s pass."


def test_a_story_is_a_scenario_and_what_has_no_word_is_a_comment(tmp_path):
    file = tmp_path / "found.yaml"
    file.write_text(to_yaml(STORY, FOUND))

    scenario = load(file)

    verbs = [step.verb for step in scenario.steps]
    assert verbs == ["faults", "open", "faults", "pay", "sync", "kill", "restart", "refund", "notifies",
                     "refuse_webhooks", "advance", "settle"]  # fmt: skip
    assert scenario.requirements == ("idempotency/credited-once",)
    assert "# The platform asks for order 1's number with another amount." in file.read_text()


def test_every_move_that_needs_no_words_of_its_own_has_a_sentence_and_survives_json():
    for what in SENTENCES:
        story = Story(seed=1, moves=(MOVES[0], Move(what=what, order=1)))
        assert sentences(story)[1]
        assert Story.from_json(story.to_json()) == story


def test_a_story_is_a_program():
    ast.parse(to_python(STORY))
