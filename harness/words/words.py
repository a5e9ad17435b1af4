"""
The catalogue, and how a text is looked up in it.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

Lang = Literal["en", "zh"]

CATALOGUE = Path(__file__).resolve().with_name("zh.yaml")
_YUAN = re.compile(r"(-?\d+\.\d{2}) yuan")
_HOLE = re.compile(r"\{\d*\}")
_DEPTH_MAX = 3


class Words:
    """
    One language.

    Args:
        lang: "en" or "zh".
    """

    def __init__(self, lang: str = "en") -> None:
        self.lang = lang

    def say(self, message: str, /, **values: Any) -> str:
        """
        A message of ours, with *values* filled into it: `say("{count} findings", count=3)`.
        """
        known = message if self.lang == "en" else _catalogue()["messages"].get(message, message)
        return known.format(**values) if values else known

    def requirement(self, name: str, text: str) -> str:
        """
        The sentence of a requirement; *text* where nobody has translated it.
        """
        return text if self.lang == "en" else str(_catalogue()["requirements"].get(name, text))

    def sentence(self, text: str) -> str:
        """
        What a check, the audit or a driver said, already filled in.
        """
        return text if self.lang == "en" else _YUAN.sub(r"\1 元", _translated(text))


@cache
def _catalogue() -> Mapping[str, Any]:
    read: Mapping[str, Any] = YAML(typ="safe", pure=True).load(CATALOGUE.read_text(encoding="utf-8"))
    return read


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """
    The patterns, those first that say the most themselves.
    """
    said = sorted(_catalogue()["sentences"].items(), key=lambda pair: -len(_HOLE.sub("", pair[0])))
    return [(pattern_of(english), chinese) for english, chinese in said]


def pattern_of(skeleton: str) -> re.Pattern[str]:
    """
    What recognises a sentence: each `{}` of *skeleton* stands for anything.
    """
    return re.compile("(.+?)".join(map(re.escape, skeleton.split("{}"))), re.DOTALL)


@cache
def _translated(text: str, *, depth: int = 0) -> str:
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            parts = (
                found.groups() if depth == _DEPTH_MAX else [_translated(it, depth=depth + 1) for it in found.groups()]
            )
            return chinese.format(*parts)
    return text
