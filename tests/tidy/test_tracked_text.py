"""
The repository speaks of itself only: no host of a package index, no path of a machine; requirements are hashed.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.requirements import check_requirements
from tests.tidy.checks.tracked import check_tracked_text
from tests.tidy.checks.tree import REPO, files, plant, told

HASH = "--hash=sha256:" + "0f" * 32


def test_nothing_tracked_speaks_of_elsewhere():
    breaches = check_tracked_text(REPO)

    assert not breaches, told(breaches)


def test_requirements_are_pinned_hashed_and_name_no_host():
    breaches = check_requirements(REPO)

    assert not breaches, told(breaches)


def test_the_requirement_files_are_there():
    assert {f"requirements/{name}.txt" for name in ("run", "dev", "load", "sdk-community")} <= set(files(REPO))


def test_what_is_made_is_not_tracked():
    assert not [path for path in files(REPO) if path.startswith((".venv/", ".payproof/", "runs/")) or path == "uv.lock"]


@pytest.mark.parametrize(
    "line",
    [
        "see https://files.pythonhosted" + ".org/packages/x",
        "pip install --index-" + "url https://mirror.example/simple x",
        "open('/ro" + "ot/x')",
        'HOME = "/ro' + 'ot"',
        "cd /home" + "/alice/payproof",
        "cd /wo" + "rk/main",
        "as seen in the last " + "session",
        "written by a language " + "model",
        "the fact " + "sheet says",
    ],
)
def test_a_planted_line_is_caught(tmp_path: Path, line: str):
    plant(tmp_path, {"a.md": f"# A\n\n{line}\n", "b.md": "# B\n"})

    assert {(breach.path, breach.line) for breach in check_tracked_text(tmp_path)} == {("a.md", 3)}


@pytest.mark.parametrize(
    "line",
    [
        "a fixture of scope session, an aiohttp ClientSession",
        "https://example.org/home/x and ./home and network/home",
        "the root of the tree; /api/v1/home",
        "See https://pypi.org/project/payproof",
        "a prompt answer",
    ],
)
def test_an_innocent_line_passes(tmp_path: Path, line: str):
    plant(tmp_path, {"a.md": line + "\n"})

    assert not check_tracked_text(tmp_path)


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        (f"a==1.0 \\\n    {HASH}\n    # via b\n", 0),
        (f"a[x]==1.0 ; python_version < '3.13' \\\n    {HASH} \\\n    {HASH}\n", 0),
        ("a==1.0\n", 1),
        (f"a>=1.0 \\\n    {HASH}\n", 1),
        (f"-i mirror\na==1.0 \\\n    {HASH}\n", 1),
        (f"a @ https://example.org/a.whl \\\n    {HASH}\n", 2),
        (f"a==1.0 \\\n    {HASH}\n# https://example.org\n", 1),
        (f"a==1.0 \\\n    {HASH[:-1]}\n", 1),
    ],
)
def test_requirement_lines_are_judged(tmp_path: Path, text: str, caught: int):
    plant(tmp_path, {"requirements/run.txt": text})

    assert len(check_requirements(tmp_path)) == caught
