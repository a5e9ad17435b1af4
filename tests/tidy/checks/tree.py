"""
The files of a tree and the breaches found in it. It refuses to know any rule of the house.

Every check takes a root, so that a test can plant a breach in a tree of its own and see it caught.
"""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
ROOMS = ("harness", "mock_providers", "reference_gateway", "scenarios", "loadtests")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule of the house is broken, here."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def files(root: Path) -> tuple[str, ...]:
    """
    What belongs to the tree, as POSIX paths: what git tracks, or everything where *root* is no repository.
    """
    return _tracked(root) if (root / ".git").exists() else _all(root)


@lru_cache(maxsize=4)
def _tracked(root: Path) -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(name for name in listed.split("\0") if name and (root / name).is_file()))


def _all(root: Path) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()))


def texts(root: Path, *, suffixes: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """
    (path, text) of every file that is UTF-8 text, or of those with one of *suffixes*.
    """
    for name in files(root):
        if suffixes and not name.endswith(suffixes):
            continue
        try:
            yield name, (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def modules(root: Path, *, under: tuple[str, ...] = ("",)) -> Iterator[tuple[str, str, ast.Module]]:
    """
    (path, text, syntax tree) of every Python file, or of those whose path begins with one of *under*.
    """
    for name, text in texts(root, suffixes=(".py",)):
        if name.startswith(under):
            yield name, text, ast.parse(text, filename=name)


def plant(root: Path, planted: dict[str, str]) -> Path:
    """
    Write *planted* below *root*, and give *root* back.
    """
    for name, text in planted.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def told(breaches: list[Breach]) -> str:
    """
    One line for each, for an assertion's message.
    """
    return "\n" + "\n".join(map(str, breaches))
