"""
No page links to what is not there.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.links import check_links
from tests.tidy.checks.tree import REPO, plant, told


def test_no_link_is_dead():
    breaches = check_links(REPO)

    assert not breaches, told(breaches)


@pytest.mark.parametrize(
    "link",
    [
        "[a](b.md)",
        "[a](docs/a.md#nothing-here)",
        "[`a`](docs/gone.md)",
        "![picture](docs/a.png)",
        "[a](../outside.md)",
        "[a](#nothing-here)",
        '[a](b.md "a title")',
    ],
)
def test_a_dead_link_is_caught(tmp_path: Path, link: str):
    plant(tmp_path, {"docs/a.md": "# A heading\n", "README.md": f"# R\n\n{link}\n"})

    assert [(breach.path, breach.line) for breach in check_links(tmp_path)] == [("README.md", 3)]


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/a.md)",
        "[a](docs/a.md#a-heading-with-code)",
        "[a](docs/a.md#alipay/sign)",
        "[a](docs)",
        "[a](#here)",
        "[a](https://example.org/gone)",
        "`[a](gone.md)`",
        "```\n[a](gone.md)\n```",
    ],
)
def test_a_good_link_passes(tmp_path: Path, link: str):
    page = '# A heading, with `code`!\n\n<a id="alipay/sign"></a>\n'
    plant(tmp_path, {"docs/a.md": page, "README.md": f"# Here\n\n{link}\n"})

    assert not check_links(tmp_path)
