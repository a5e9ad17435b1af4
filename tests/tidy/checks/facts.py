"""
Protocol facts and those who cite them: `<a id="alipay/…"></a>` in docs/protocols, `Facts: alipay/…` in docstrings.

It refuses to know whether a fact is true.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.checks.tree import Breach, modules, texts

_HERE = "tests/tidy/"  # cites facts that do not exist, on purpose
_ANCHOR = re.compile(r'<a id="([^"]*)"></a>')
_SHAPE = re.compile(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*")
_CITED = re.compile(r"\bFacts:(?P<cited>.*?)(?=\n\s*\n|\Z)", re.DOTALL)
_COMMENT = re.compile(r"#\s*Facts:(?P<cited>.*)$", re.MULTILINE)


def anchors(root: Path) -> dict[str, list[tuple[str, int]]]:
    """
    Every anchor of docs/protocols, with the places where it stands.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for path, text in texts(root, suffixes=(".md",)):
        if path.startswith("docs/protocols/"):
            for number, line in enumerate(text.splitlines(), start=1):
                for name in _ANCHOR.findall(line):
                    found.setdefault(name, []).append((path, number))
    return found


def check_anchors(root: Path) -> list[Breach]:
    """
    Anchors that stand twice, are misshapen, or bear another page's name.
    """
    found: list[Breach] = []
    for name, places in anchors(root).items():
        path, line = places[-1]
        if len(places) > 1:
            found.append(Breach(path, line, f"the anchor {name} stands {len(places)} times"))
        if not _SHAPE.fullmatch(name) or name.split("/")[0] != Path(path).stem:
            found.append(Breach(path, line, f"the anchor {name} should be {Path(path).stem}/lower-case-words"))
    return found


def check_facts(root: Path) -> list[Breach]:
    """
    Citations of facts that no page holds.
    """
    known = anchors(root)
    return [
        Breach(path, line, f"cites {name}, which no page in docs/protocols holds")
        for path, line, name in cited(root)
        if name not in known
    ]


def cited(root: Path, *, prefix: str = "") -> Iterator[tuple[str, int, str]]:
    """
    (path, line, fact) of every citation below *prefix*, in docstrings and comments; the list ends with its sentence.
    """
    for path, text, tree in modules(root, under=(prefix,)):
        if path.startswith(_HERE):
            continue
        for match in _COMMENT.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield from ((path, line, name) for name in _names(match["cited"]))
        for line, docstring in _docstrings(tree):
            for match in _CITED.finditer(docstring):
                yield from ((path, line, name) for name in _names(match["cited"]))


def cited_by(root: Path, prefix: str) -> Counter[str]:
    """
    How often each file below *prefix* cites a fact.
    """
    return Counter(path for path, _line, _name in cited(root, prefix=prefix))


def _names(listed: str) -> list[str]:
    return [name for name in re.split(r"[,;\s]+", listed.split(".", maxsplit=1)[0]) if name]


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                yield getattr(node, "lineno", 1), docstring
