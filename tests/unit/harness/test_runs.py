"""
A run folder says how its run is played again; a folder that cannot is refused with the reason.
"""

import json
from pathlib import Path

import pytest

from harness.commands.check import CheckPlan, run_check
from harness.errors import RunFolderError
from harness.runs import KEYS, RunRecord, read_run
from harness.settings import HarnessSettings


def test_what_was_written_is_read(tmp_path: Path):
    record = RunRecord.of(("demo", "--seed", "7", "--profile", "a b.yaml"), seed=7, profile="a b.yaml", gateway="x")

    record.write(tmp_path)

    assert read_run(tmp_path) == record
    assert record.command == "demo"
    assert record.words == "payproof demo --seed 7 --profile 'a b.yaml'"


def test_a_run_writes_how_it_is_played_again(tmp_path: Path):
    plan = CheckPlan(prefixes=("clock/",), seed=3, as_json=True)

    run_check(plan, settings=HarnessSettings(home=tmp_path / "home", out=tmp_path / "out"))

    said = json.loads((tmp_path / "out" / "run.json").read_text())
    assert set(said) == set(KEYS)
    assert said["argv"] == ["check", "clock/", "--gateway", "reference", "--seed", "3"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "it has no run.json"),
        ("{", "is no JSON"),
        ("{}", "lacks command, argv"),
        (json.dumps(dict.fromkeys(KEYS, "") | {"argv": []}), "does not say with which words"),
    ],
)
def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path, text: str | None, said: str):
    if text is not None:
        (tmp_path / "run.json").write_text(text)

    with pytest.raises(RunFolderError, match=said):
        read_run(tmp_path)
