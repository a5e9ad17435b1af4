"""
`payproof chaos` over seeds and gateways, on virtual time: what it plays, what it says, and what it leaves in its folder.
"""

import asyncio
import json
from pathlib import Path

import pytest

from harness.commands.chaos import ChaosPlan, run_chaos
from harness.errors import ConfigError, KnownListError
from harness.script.loader import load
from harness.settings import HarnessSettings

STORY = """\
id: notify/twice
title: Twice
purpose: It comes twice.
requirements: [idempotency/credited-once, money/credited-amount]
load: {payments: 4}
faults:
  - {id: late, fault: delay, where: {on: notify, chance: 0.5}, with: {seconds: 5}}
  - {id: again, fault: duplicate, where: {on: notify}, with: {copies: 1}}
steps: [open, pay, {advance: 1h}, look, settle]
convicts: [credits-every-notify]
"""
BROKEN = "gallery:credits-every-notify"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def played(home, tmp_path, capsys):
    """Play the story; the exit code, what was said to a machine, and the run folder."""
    file = tmp_path / "twice.yaml"
    file.write_text(STORY)

    def play(**more):
        out = tmp_path / "run"
        plan = ChaosPlan(names=(str(file),), as_json=True, **more)
        code = asyncio.run(run_chaos(plan, settings=HarnessSettings(home=home, out=out)))
        return code, json.loads(capsys.readouterr().out), out

    return play


def test_one_seed_is_its_own_object_and_leaves_what_plays_it_again(played):
    code, told, out = played(seed=5)

    assert (code, told["verdict"], told["seed"], told["paid"]) == (0, "PASS", 5, 4)
    assert {"run.json", "history.ndjson", "wire.ndjson", "plan.yaml", "summary.json"} <= {
        it.name for it in out.iterdir()
    }
    assert json.loads((out / "run.json").read_text())["argv"][2:] == ["--seed", "5"]


def test_a_search_ends_with_the_first_seed_that_fails_and_makes_it_smaller(played):
    code, told, out = played(gateway=BROKEN, seeds=3, until_fail=True, minimise=True)

    assert code == 1
    assert [(one["seed"], one["verdict"]) for one in told["scenarios"]] == [(1, "FAIL")]
    assert told["counts"] == {"FAIL": 1}
    [minimal] = out.glob("001-*/minimal.yaml")
    small = load(minimal)
    assert [rule.id for rule in small.faults] == ["again"]
    assert [step.verb for step in small.steps] == ["open", "pay"]
    assert small.load.count == 1


def test_seeds_in_a_row_are_played_side_by_side(played):
    code, told, out = played(seeds=3)

    assert code == 0
    assert sorted(one["seed"] for one in told["scenarios"]) == [1, 2, 3]
    assert len(list(out.glob("*/history.ndjson"))) == 3


def test_the_faults_as_drawn_strike_again_whatever_the_seed(played, tmp_path):
    _, first, out = played(seed=5)
    (out / "history.ndjson").rename(tmp_path / "old.ndjson")
    plan = Path(out / "plan.yaml").rename(tmp_path / "plan.yaml")

    _, again, _ = played(seed=6, plan=plan)

    assert again["notifies_duplicate"] == first["notifies_duplicate"] > 0


def test_a_known_failure_fails_nothing_until_its_day(played, tmp_path):
    known = tmp_path / "known.yaml"
    for until, code in (("2999-01-01", 0), ("2020-01-01", 1)):
        known.write_text(f"known:\n  - {{id: notify/duplicate-storm, reason: PAY-1, expires: {until}}}\n")
        with_id = STORY.replace("notify/twice", "notify/duplicate-storm")
        (tmp_path / "storm.yaml").write_text(with_id)
        plan = ChaosPlan(names=(str(tmp_path / "storm.yaml"),), gateway=BROKEN, known=known)
        settings = HarnessSettings(home=tmp_path / "home", out=tmp_path / f"run-{code}")
        assert asyncio.run(run_chaos(plan, settings=settings)) == code


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"names": ()}, ConfigError, "no scenario is named"),
        ({"gateway": "gallery:credits-every-notfy"}, ConfigError, "hangs in no gallery"),
        ({"known": Path("none.yaml")}, KnownListError, "no file none.yaml"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_starts(more, error, said, tmp_path):
    plan = ChaosPlan(**{"names": ("duplicate-storm",), **more})
    with pytest.raises(error, match=said):
        asyncio.run(run_chaos(plan, settings=HarnessSettings(home=tmp_path / "home")))
    assert not (tmp_path / "home").exists()
