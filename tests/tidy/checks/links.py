"""
Links between pages: the file is there, and so is the heading or anchor. It refuses to look at the network.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.tidy.checks.tree import Breach, files, texts

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+).+?\1")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)")
_ID = re.compile(r'<a id="([^"]+)">')
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_ELSEWHERE = ("http://", "https://", "mailto:")


def check_links(root: Path) -> list[Breach]:
    """
    Links of Markdown pages that lead nowhere inside the tree.
    """
    there = set(files(root))
    there |= {parent.as_posix() for path in there for parent in PurePosixPath(path).parents}
    found: list[Breach] = []
    for path, text in texts(root, suffixes=(".md",)):
        for line, target in _links(text):
            if not target.startswith(_ELSEWHERE):
                found.extend(_judge(root, Breach(path, line, target), there=there))
    return found


def _judge(root: Path, link: Breach, *, there: set[str]) -> Iterator[Breach]:
    file, _, fragment = link.what.partition("#")
    target = _resolve(link.path, file) if file else link.path
    if target not in there:
        yield Breach(link.path, link.line, f"{link.what} leads to no file of the tree")
    elif (
        fragment and target.endswith(".md") and fragment not in _fragments((root / target).read_text(encoding="utf-8"))
    ):
        yield Breach(link.path, link.line, f"{link.what}: {target} has no such heading or anchor")


def _resolve(page: str, file: str) -> str:
    parts: list[str] = list(PurePosixPath(page).parent.parts)
    for part in PurePosixPath(file).parts:
        if part == "..":
            if not parts:
                return "(outside)"
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."


def _links(text: str) -> Iterator[tuple[int, str]]:
    plain = _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for number, line in enumerate(plain.splitlines(), start=1):
        # Code keeps its place inside a link's text, and holds no link itself.
        for match in _LINK.finditer(_CODE.sub("code", line)):
            yield number, match["target"]


def _fragments(text: str) -> set[str]:
    plain = _FENCE.sub("", text)
    slugs = {_slug(heading) for heading in _HEADING.findall(plain)}
    return slugs | set(_ID.findall(plain))


def _slug(heading: str) -> str:
    bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")
