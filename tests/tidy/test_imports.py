"""
Dependencies are named where they are imported, so that the smallest installation runs.
"""

from pathlib import Path

from tests.tidy.checks.imports import check_imports
from tests.tidy.checks.tree import REPO, plant, told

PROJECT = """
[project]
dependencies = ["aiohttp>=3", "hatchling"]
[dependency-groups]
dev = ["pytest"]
"""


def test_what_is_imported_is_a_dependency_by_name_and_the_reverse():
    breaches = check_imports(REPO)

    assert not breaches, told(breaches)


def test_an_import_that_only_a_tool_brings_is_caught(tmp_path: Path):
    planted = {"pyproject.toml": PROJECT, "tests/a.py": "import pytest\n", "harness/a.py": "import aiohttp\n"}
    plant(tmp_path, {**planted, "harness/b.py": "import sys\n\nimport pytest.mark\nimport click\n"})

    caught = [(breach.path, breach.line) for breach in check_imports(tmp_path)]

    assert caught == [("harness/b.py", 3), ("harness/b.py", 4)]


def test_a_dependency_that_nobody_imports_is_caught(tmp_path: Path):
    plant(tmp_path, {"pyproject.toml": PROJECT, "tests/a.py": "import pytest\n"})

    assert [breach.what for breach in check_imports(tmp_path)] == ["nobody imports aiohttp"]
