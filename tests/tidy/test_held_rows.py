"""
Whatever can go wrong at a provider, a requirement or a scenario holds gateways to it.
"""

from pathlib import Path

import pytest

from harness.catalog import BY_ID
from harness.script.loader import library
from tests.tidy.checks import held_rows
from tests.tidy.checks.held_rows import PAGE, check_held
from tests.tidy.checks.tree import REPO, plant, told

KNOWN = {"family/one", "family/two"}
SHEET = '<a id="x/chaos"></a>\n\n| # | what happens | what is right |\n|---|---|---|\n| 1 | this | that |\n| 2 | more | less |\n'
HELD = '<a id="x"></a>\n\n| # | what happens | held by |\n|---|---|---|\n| 1 | this `a/b` | `family/one` |\n| 2 | more | `family/two`, `family/one` |\n'


def test_every_row_is_held_by_something():
    breaches = check_held(REPO, {*BY_ID, *(name for name, _ in library())})

    assert not breaches, told(breaches)


@pytest.fixture(autouse=True)
def one_sheet(monkeypatch, request):
    if request.node.name.startswith("test_a_"):
        monkeypatch.setattr(held_rows, "ROWS", {"x": 2})


def planted(root: Path, page: str) -> list[str]:
    plant(root, {"docs/protocols/x.md": SHEET, PAGE: page})
    return [one.what for one in check_held(root, KNOWN)]


def test_a_page_in_order_passes(tmp_path: Path):
    assert planted(tmp_path, HELD) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("| 2 | more | `family/two`, `family/one` |\n", ""), "other rows than its sheet: ['2']"),
        (("`family/two`", "`family/three`"), "row 2 names family/three, which is neither"),
        (("| `family/one` |\n| 2", "| soon |\n| 2"), "row 1 names neither a requirement nor a scenario"),
        (("| `family/one` |\n| 2", "| none: too hard |\n| 2"), "1 rows are held by nothing, 0 may be"),
    ],
)
def test_a_breach_is_caught(tmp_path: Path, change, what):
    assert any(what in one for one in planted(tmp_path, HELD.replace(*change)))
