"""
The locked requirement files: pinned, hashed, and naming no host. It refuses to resolve anything.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.checks.tree import Breach, texts

_PIN = re.compile(r"^[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==[\w.!+-]+(\s*;[^\\]+)?$")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


def check_requirements(root: Path) -> list[Breach]:
    """
    Requirements without a pin or a hash, and lines that are options or name a host.
    """
    return [
        breach
        for path, text in texts(root, suffixes=(".txt",))
        if path.startswith("requirements/")
        for breach in _judge(path, text)
    ]


def _judge(path: str, text: str) -> Iterator[Breach]:
    for number, line in enumerate(text.splitlines(), start=1):
        if re.search(r"://|@\s*(git|file)\b", line):
            yield Breach(path, number, "names a host or a file")
    for number, entry in _entries(text):
        requirement = entry.split("--hash", 1)[0].strip()
        if not _PIN.fullmatch(requirement):
            yield Breach(path, number, f"no pinned requirement: {requirement!r}")
        elif not _HASH.search(entry):
            yield Breach(path, number, f"{requirement} has no hash")


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """
    Logical lines, joined at backslashes, without comments.
    """
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.split("#", 1)[0].rstrip()
        if not bare and not parts:
            continue
        start = start if parts else number
        parts.append(bare.removesuffix("\\"))
        if not bare.endswith("\\"):
            yield start, " ".join(parts).strip()
            parts = []
    if parts:
        yield start, " ".join(parts).strip()
