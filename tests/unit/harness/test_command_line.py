"""
What a mistyped command line gets: a sentence and exit code 2, never a traceback, never the code of findings.
"""

import json

import pytest

from harness.cli import run


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["demo", "--bogus"], "--bogus"),
        (["demo", "--payments", "many"], "--payments"),
        (["demo", "--payments", "0"], "--payments"),
        (["dmeo"], "dmeo"),
        (["chaos"], "no scenario"),
    ],
)
def test_a_mistyped_command_line_is_bad_input(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert run(argv) == 2

    told = capsys.readouterr().err
    assert told.startswith("payproof: ")
    assert said in told


def test_no_command_shows_the_help_and_is_bad_input(capsys: pytest.CaptureFixture[str]):
    assert run([]) == 2

    told = capsys.readouterr()
    assert "Usage: payproof" in told.out + told.err
    assert "payproof: " not in told.err


def test_help_is_a_success(capsys: pytest.CaptureFixture[str]):
    assert run(["demo", "--help"]) == 0

    assert "--payments" in capsys.readouterr().out


def test_a_crash_of_ours_is_never_the_code_of_findings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def crash(*_: object) -> str:
        raise RuntimeError("boom")

    monkeypatch.setattr("harness.script.write_schema.schema_text", crash)

    assert run(["schema"]) == 2
    told = capsys.readouterr().err
    assert "RuntimeError: boom" in told
    assert "payproof: this is our fault, not your gateway's" in told


@pytest.mark.parametrize("kind", ["requirements", "faults", "scenarios", "providers", "gallery"])
def test_every_kind_of_thing_can_be_listed(kind: str, capsys: pytest.CaptureFixture[str]):
    assert run(["list", kind, "--json"]) == 0

    rows = json.loads(capsys.readouterr().out)[kind]
    assert rows
    assert all(row["id"] for row in rows)
