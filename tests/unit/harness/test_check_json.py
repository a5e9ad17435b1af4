"""
What machines read of a check, to the letter: the same keys in every language, and a JUnit file and a page beside it.
"""

from pathlib import Path

import orjson
import pytest

from harness.cli import run as payproof

ROW = {"id", "level", "channel", "world", "verdict", "expected", "actual", "evidence", "replay"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    """
    Keys are made once.
    """
    return str(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_object_and_nothing_else(tmp_path: Path, home: str, lang: str, capsys: pytest.CaptureFixture[str]):
    files = ["--junit", str(tmp_path / "ci" / "junit.xml"), "--html", str(tmp_path / "page" / "report.html")]
    known = tmp_path / "known.yaml"
    known.write_text("known:\n  - id: money/one-fen\n    reason: PAY-1\n    expires: 2026-01-01\n")

    code = payproof(["check", "money/one-fen", "--channel", "alipay", "--known", str(known), "--json", "--lang", lang,
                     "--home", home, "--out", str(tmp_path / "out"), *files])  # fmt: skip

    told = orjson.loads(capsys.readouterr().out)
    assert code == 1  # it passes, and the list says that it does not
    assert list(told) == ["verdict", "gateway", "seed", "counts", "results"]
    assert list(told["counts"]) == ["PASS", "FAIL", "UNKNOWN", "NON_STRICT", "NOT_RUN", "KNOWN"]
    (row,) = told["results"]
    assert set(row) == ROW
    assert (row["verdict"], row["channel"], row["world"]) == ("FAIL", "alipay", "in_process")
    assert "take it off the list" in row["actual"]
    for file in (files[1], files[3], str(tmp_path / "out" / "report.html")):
        assert "money/one-fen" in Path(file).read_text(encoding="utf-8")


def test_a_channel_that_the_gateway_does_not_speak_is_refused(home: str, capsys: pytest.CaptureFixture[str]):
    assert payproof(["check", "money/", "--channel", "alipai", "--home", home]) == 2

    assert "did you mean alipay?" in capsys.readouterr().err
