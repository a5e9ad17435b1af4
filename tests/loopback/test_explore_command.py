"""
`payproof explore` as people run it: what it says, what it leaves in its folder, and that what it found comes again.
"""

import contextlib
import io
import json
import shutil

import pytest
import structlog

from harness.cli import run as payproof

BROKEN = "gallery:credits-every-notify"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _loud_again():
    yield
    structlog.reset_defaults()


@pytest.fixture
def explored(home, tmp_path, capsys):
    """Explore; the exit code, what was said to a machine, and the run folder."""

    def explore(*words):
        out = tmp_path / "run"
        code = payproof(["explore", "--json", "--home", str(home), "--out", str(out), *words])
        return code, json.loads(capsys.readouterr().out), out

    return explore


@pytest.fixture(scope="module")
def broken(home, tmp_path_factory):
    """What exploring a broken gateway came to: the exit code, what was said to a machine, the run folder."""
    out, said = tmp_path_factory.mktemp("broken") / "run", io.StringIO()
    words = ["--gateway", BROKEN, "--channel", "alipay", "--steps", "20", "--seed", "1"]
    with contextlib.redirect_stdout(said):
        code = payproof(["explore", "--json", "--home", str(home), "--out", str(out), *words])
    structlog.reset_defaults()
    return code, json.loads(said.getvalue()), out


def test_the_reference_gateway_is_acquitted_and_the_page_shows_what_was_reached(explored):
    code, told, out = explored("--examples", "4", "--steps", "12", "--seed", "3")

    assert (code, told["verdict"], told["findings"]) == (0, "PASS", [])
    assert told["exchanging_steps"] > 0.9 * told["steps"]
    assert told["grid"]["reached"] > 5
    page = (out / "report.html").read_text()
    assert "States and faults that met" in page
    assert f"{told['grid']['hard_reached']} of {told['grid']['hard']} hard ones" in page
    assert all(f"<code>{fault}</code>" in page for fault in told["grid"]["cells"]["paid"])


def test_what_broke_a_gateway_is_told_and_comes_again(broken, home, tmp_path, capsys):
    code, told, out = broken

    assert (code, told["verdict"]) == (1, "FAIL")
    found = [finding["id"] for finding in told["findings"]]
    assert "idempotency/credited-once" in found
    assert {"story.json", "story.txt", "story.yaml", "story.py", "history.ndjson", "report.html"} <= {
        it.name for it in out.iterdir()
    }
    assert "The story that broke it" in (out / "report.html").read_text()

    number = str(found.index("idempotency/credited-once") + 1)
    again = tmp_path / "again"
    assert payproof(["replay", str(out), "--finding", number, "--home", str(home), "--out", str(again)]) == 1
    assert "it came again: idempotency/credited-once" in capsys.readouterr().err
    assert json.loads((again / "summary.json").read_text())["examples"] == 1


def test_what_is_mended_does_not_come_again(broken, home, tmp_path, capsys):
    out = shutil.copytree(broken[-1], tmp_path / "run")
    run = json.loads((out / "run.json").read_text())
    mended = [word if word != BROKEN else "reference" for word in run["argv"]]
    (out / "run.json").write_text(json.dumps({**run, "argv": mended}))

    assert payproof(["replay", str(out), "--home", str(home), "--out", str(tmp_path / "again")]) == 0
    assert "it did not come again" in capsys.readouterr().err


def test_a_gateway_that_hangs_in_no_gallery_is_refused(home, capsys):
    assert payproof(["explore", "--gateway", "gallery:nobody", "--home", str(home)]) == 2
    assert "hangs in no gallery" in capsys.readouterr().err


STORY = """\
id: notify/twice
title: Twice
purpose: It comes twice.
requirements: [idempotency/credited-once]
load: {payments: 2}
faults: [{id: again, fault: duplicate, where: {on: notify}, with: {copies: 1}}]
steps: [open, pay, settle]
"""


def test_a_finding_of_a_chaos_run_comes_again(home, tmp_path, capsys):
    file, out = tmp_path / "twice.yaml", tmp_path / "run"
    file.write_text(STORY)
    words = ["chaos", str(file), "--gateway", BROKEN, "--seed", "5", "--home", str(home), "--out", str(out)]

    assert payproof(words) == 1
    capsys.readouterr()
    assert payproof(["replay", str(out), "--home", str(home), "--out", str(tmp_path / "again")]) == 1
    assert "it came again: idempotency/credited-once" in capsys.readouterr().err
