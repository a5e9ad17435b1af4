"""
What can go wrong at a provider is produced by a test, row by row.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.chaos_rows import ROWS, check_named, check_page, has_table
from tests.tidy.checks.tree import REPO, plant, told

# Pages whose rows are under test; a page that gets its table is checked whether it stands here or not.
TESTED = {"alipay", "wechatpay"}

PAGE = """<a id="x/chaos"></a>

| # | what happens | what is right |
|---|---|---|
| 1 | this | that |
| 2 | more | less |

<a id="x/chaos-tests"></a>

| row | tests |
|---|---|
| 1 | `tests/test_a.py::test_this` |
| 2 | `tests/test_a.py::test_more`, `tests/test_a.py::test_this` |
"""
TESTS = "def test_this():\n    assert f()\n\n\nasync def test_more():\n    assert f()\n"


@pytest.mark.parametrize("provider", [name for name in ROWS if name in TESTED or has_table(REPO, name)])
def test_every_row_of_the_page_has_its_tests(provider: str):
    breaches = check_page(REPO, provider, least=ROWS[provider])

    assert not breaches, told(breaches)


def test_every_row_that_the_xml_api_has_names_its_tests():
    breaches = check_named(REPO, "wechatpay", "wechatpay/v2-chaos-tests")

    assert not breaches, told(breaches)


def test_a_further_table_is_judged_like_the_first(tmp_path: Path):
    page = PAGE + '\n<a id="x/more"></a>\n\n| row | tests |\n|---|---|\n| 1 | `tests/test_a.py::test_gone` |\n'
    plant(tmp_path, {"docs/protocols/x.md": page, "tests/test_a.py": TESTS})

    assert [one.what for one in check_named(tmp_path, "x", "x/more")] == [
        "row 1 names test_gone, which is not in tests/test_a.py"
    ]
    assert check_named(tmp_path, "x", "x/nowhere")


def test_a_page_in_order_passes(tmp_path: Path):
    plant(tmp_path, {"docs/protocols/x.md": PAGE, "tests/test_a.py": TESTS})

    assert not check_page(tmp_path, "x", least=2)


def test_tests_may_stand_in_a_column_and_have_their_names_cut_short(tmp_path: Path):
    page = PAGE.partition('<a id="x/chaos-tests">')[0].replace("that |", "that | `test_a.py::test_th…` |")
    page = page.replace("less |", "less | `test_a.py::test_more` |")
    plant(tmp_path, {"docs/protocols/x.md": page, "tests/chaos/test_a.py": TESTS})

    assert has_table(tmp_path, "x")
    assert not check_page(tmp_path, "x", least=2)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("| 2 | more | less |\n", "", "1 rows where 2 are known"),
        ("| 2 | more | less |\n", "", "other rows than the table of what goes wrong: ['2']"),
        ("| 1 | `tests/test_a.py::test_this` |\n", "", "other rows than the table of what goes wrong: ['1']"),
        ("| 2 | more | less |", "| 1 | more | less |", "two rows of what goes wrong have one number"),
        ("`tests/test_a.py::test_more`, ", "`tests/test_a.py::test_mroe`, ", "test_mroe, which is not in"),
        ("tests/test_a.py::test_more", "tests/test_b.py::test_more", "which is not in tests/test_b.py"),
        ("| 1 | `tests/test_a.py::test_this` |", "| 1 | tomorrow |", "row 1 names no test"),
        ("| 1 | `tests/test_a.py::test_this` |", "| 1 | no test: too hard |", "1 of 2 rows have no test"),
    ],
)
def test_a_breach_is_caught(tmp_path: Path, before: str, after: str, what: str):
    plant(tmp_path, {"docs/protocols/x.md": PAGE.replace(before, after), "tests/test_a.py": TESTS})

    assert any(what in breach.what for breach in check_page(tmp_path, "x", least=2))
