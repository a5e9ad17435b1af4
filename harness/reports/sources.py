"""
The facts that a requirement rests on: their titles and first sentences, where the documents lie beside the source.

An installed package has no documents; a fact is then told by its anchor alone.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parents[2] / "docs" / "protocols"
_FACT = re.compile(r'<a id="([^"]+)"></a>\s*\n#+ ([^\n]+)\n+(.+?)(?=\n\s*\n|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """One fact: its anchor, and what stands there."""

    anchor: str
    title: str = ""
    text: str = ""


def source_of(anchor: str) -> Source:
    """
    What the documents say under an anchor.
    """
    return _facts(anchor.partition("/")[0]).get(anchor, Source(anchor))


@cache
def _facts(provider: str) -> dict[str, Source]:
    file = DOCUMENTS / f"{provider}.md"
    if not file.is_file():
        return {}
    said = _FACT.findall(file.read_text(encoding="utf-8"))
    return {anchor: Source(anchor, title, _plain(text)) for anchor, title, text in said}


def _plain(text: str) -> str:
    return re.sub(r"[*`]|\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(text.split()))
