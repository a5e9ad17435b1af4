"""
A run again: whether its finding came again is told by words and exit code, and a folder that cannot is refused.
"""

import json
from pathlib import Path

import pytest

from harness.cli import run as payproof
from harness.commands.replay import ReplayPlan, run_replay
from harness.errors import ConfigError, RunFolderError
from harness.runs import RunRecord
from harness.settings import HarnessSettings

FOUND = {
    "id": "idempotency/credited-once", "channel": "alipay", "case": "duplicates", "order": "pp000001-aaaa",
    "actual": "2 credits", "money": "order pp000001-aaaa credited twice: 9.90 yuan too much",
}  # fmt: skip
AGAIN = {**FOUND, "order": "pp000001-bbbb"}
ELSEWHERE = {**FOUND, "channel": "unionpay_rsa"}


def folder_of(tmp_path: Path, *found, argv=("check", "idempotency/", "--gateway", "reference", "--seed", "7"), **more):
    folder = tmp_path / "old"
    folder.mkdir()
    record = RunRecord.of(argv, seed=7)
    record.write(folder)
    if more:
        said = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps({**said, **more}))
    (folder / "findings.json").write_text(json.dumps(list(found)))
    return folder


def replayed(tmp_path: Path, folder: Path, *, found=(), code=0, finding=None):
    """
    Returns:
        The exit code, and the words that were said.
    """
    asked = []

    def run(argv):
        asked.extend(argv)
        out = Path(argv[argv.index("--out") + 1])
        out.mkdir(parents=True)
        (out / "findings.json").write_text(json.dumps(list(found)))
        return code

    settings = HarnessSettings(home=tmp_path / "home")
    return run_replay(ReplayPlan(folder=folder, finding=finding), settings=settings, run=run), asked


def test_a_finding_that_comes_again_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code, asked = replayed(tmp_path, folder_of(tmp_path, FOUND), found=[AGAIN], code=1)

    assert code == 1
    assert asked[:2] == ["check", "idempotency/"]
    assert "it came again: idempotency/credited-once: order" in capsys.readouterr().err


@pytest.mark.parametrize("found", [(), (ELSEWHERE,)])
def test_one_that_does_not_is_0(tmp_path: Path, found, capsys: pytest.CaptureFixture[str]):
    code, _ = replayed(tmp_path, folder_of(tmp_path, FOUND), found=found, code=1 if found else 0)

    assert code == 0
    assert "it did not come again" in capsys.readouterr().err


def test_a_run_that_could_not_tell_is_undecided(tmp_path: Path):
    assert replayed(tmp_path, folder_of(tmp_path, FOUND), code=3)[0] == 3


def test_one_finding_of_a_check_is_one_case_over_one_channel(tmp_path: Path):
    _, asked = replayed(tmp_path, folder_of(tmp_path, ELSEWHERE, FOUND), finding=2)

    assert asked[: asked.index("--home")] == [
        "check", "idempotency/credited-once", "--gateway", "reference", "--seed", "7",
        "--channel", "alipay", "--case", "duplicates",
    ]  # fmt: skip


def test_a_finding_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="findings 1 to 1, and no finding 2"):
        replayed(tmp_path, folder_of(tmp_path, FOUND), finding=2)


@pytest.mark.parametrize(
    ("more", "said"),
    [({"version": "0.0.9"}, "made by payproof 0.0.9"), ({"command": "up", "argv": ["up"]}, "payproof up is a sandbox")],
)
def test_what_cannot_be_played_again_is_refused(tmp_path: Path, more, said: str):
    with pytest.raises(RunFolderError, match=said):
        replayed(tmp_path, folder_of(tmp_path, FOUND, **more))


def test_a_folder_that_is_no_run_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert payproof(["replay", str(tmp_path)]) == 2

    assert "it has no run.json" in capsys.readouterr().err


def test_a_clean_check_is_played_again_for_real(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    home = ["--home", str(tmp_path / "home")]
    out = tmp_path / "first"
    assert payproof(["check", "money/one-fen", "--channel", "alipay", *home, "--out", str(out)]) == 0

    assert payproof(["replay", str(out), *home]) == 0

    assert "no finding, then as now" in capsys.readouterr().err
