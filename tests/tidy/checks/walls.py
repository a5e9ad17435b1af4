"""
import-linter over a tree, in a process of its own: grimp caches what it has imported.

It refuses to know the contracts; they stand in pyproject.toml.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.checks.tree import ROOMS, files

_LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


@dataclass(frozen=True, slots=True)
class Walls:
    """What import-linter said."""

    kept: bool
    report: str


def lint(root: Path) -> Walls:
    """
    Hold the contracts of *root*'s pyproject.toml against *root*'s packages.
    """
    done = subprocess.run(
        [sys.executable, "-c", _LINT], cwd=root, check=False, capture_output=True, text=True, timeout=100
    )
    return Walls(kept=done.returncode == 0, report=done.stdout + done.stderr)


def copy(source: Path, target: Path) -> Path:
    """
    The rooms' Python files and the contracts, to plant breaches in.
    """
    for path in files(source):
        if path == "pyproject.toml" or (path.endswith(".py") and path.split("/")[0] in ROOMS):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, target / path)
    return target
