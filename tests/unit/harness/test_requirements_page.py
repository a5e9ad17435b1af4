from harness.catalog import REQUIREMENTS
from harness.catalog.write_requirements import PAGE, page, write


def test_the_page_is_what_the_catalogue_says_now():
    assert PAGE.read_text() == page(), "make docs writes it anew"


def test_the_page_has_a_row_for_each_requirement(tmp_path):
    write(tmp_path / "page.md")

    rows = [line for line in (tmp_path / "page.md").read_text().splitlines() if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(rule.id for rule in REQUIREMENTS)
