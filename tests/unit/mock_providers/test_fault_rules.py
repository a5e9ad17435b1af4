"""
Rules as people write them: what is wrong is told with file, line and the closest word.
"""

from pathlib import Path

import pytest

from mock_providers.errors import RulesRefused
from mock_providers.faults.registry import FAULTS
from mock_providers.faults.rules import load_profile, parse_profile

PROFILES = Path(__file__).parents[3] / "scenarios" / "profiles"


def refused(tmp_path: Path, text: str) -> tuple[str, ...]:
    file = tmp_path / "p.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(RulesRefused) as problem:
        load_profile(file)
    return tuple(line.removeprefix(f"{file}:") for line in problem.value.problems)


@pytest.mark.parametrize("name", ["calm", "flaky", "storm"])
def test_the_profiles_of_the_house_load(name):
    profile = load_profile(PROFILES / f"{name}.yaml")
    assert profile.name == name
    assert bool(profile.rules) == (name != "calm")


def test_every_default_is_in_place_after_reading():
    (rule,) = parse_profile({"rules": [{"id": "a", "fault": "timeout_after"}]}).rules
    assert rule.as_json() == {
        "id": "a",
        "fault": "timeout_after",
        "where": {
            "provider": None, "merchant": None, "on": "reply", "api": None, "order": "*", "chance": 1.0, "first": None, "nth": None,
        },
        "with": {"hold_s": 0.0},
    }  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_shown_can_be_read_again(name):
    needed = {"delay": {"seconds": 1.0}, "refuse": {"code": "ACQ.SYSTEM_ERROR"}}
    written = {"id": "a", "fault": name, "with": needed.get(name, {})}
    rule = parse_profile({"rules": [written]}).rules[0]
    assert parse_profile({"rules": [rule.as_json()]}).rules == (rule,)


CASES = [
    ("profile: x\nruels: []\n", "2: unknown key 'ruels'. Did you mean 'rules'?"),
    ("rules:\n  - id: a\n    fault: dorp\n", "3: unknown fault 'dorp'. Did you mean 'drop'?"),
    ("rules:\n  - id: a\n    fault: drop\n    wehre: {}\n", "4: unknown key 'wehre'. Did you mean 'where'?"),
    (
        "rules:\n  - id: a\n    fault: drop\n    where:\n      chanse: 1\n",
        "5: unknown key 'chanse'. Did you mean 'chance'?",
    ),
    (
        "rules:\n  - id: a\n    fault: duplicate\n    with:\n      coppies: 2\n",
        "5: unknown key 'coppies'. Did you mean 'copies'?",
    ),
    ("rules:\n  - fault: drop\n", "2: the key 'id' is missing"),
    (
        "rules:\n  - id: a\n    fault: drop\n    where: {on: reply}\n",
        "4: the fault 'drop' strikes on: notify, not on: reply",
    ),
    ("rules:\n  - {id: a, fault: drop}\n  - {id: a, fault: drop}\n", "3: a second rule with the id 'a'"),
]


@pytest.mark.parametrize(("text", "told"), CASES)
def test_a_slip_is_told_with_its_line_and_the_closest_word(tmp_path, text, told):
    assert refused(tmp_path, text) == (told,)


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n  - {id: a, fault: drop, where: {chance: 2}}\n",
        "rules:\n  - {id: a, fault: drop, where: {first: 0}}\n",
        "rules:\n  - {id: a, fault: tampered_amount, with: {add_fen: 0}}\n",
        "rules:\n  - {id: a, fault: delay}\n",
        "rules: 7\n",
        "[]\n",
        "rules:\n\t- x\n",
        "a: b: c\n",
        "",
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, text):
    assert refused(tmp_path, text)


def test_every_slip_is_told_at_once(tmp_path):
    text = "rules:\n  - {id: a, fault: dorp}\n  - {id: b, fault: deley}\n"
    assert len(refused(tmp_path, text)) == 2


def test_a_missing_file_is_a_refusal(tmp_path):
    with pytest.raises(RulesRefused, match="cannot be read"):
        load_profile(tmp_path / "none.yaml")


def test_without_a_file_the_place_is_a_path():
    with pytest.raises(RulesRefused, match=r"rules\[0\]\.where\.chanse: unknown key 'chanse'"):
        parse_profile({"rules": [{"id": "a", "fault": "drop", "where": {"chanse": 1}}]})
