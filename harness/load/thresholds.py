"""
What a load run must keep to: figures of its JSON object and their bounds, out of a TOML file.

It refuses to know how a figure was measured; one that was not measured keeps to nothing and breaks nothing, which is
told.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from loadtests.shapes import SHAPES

USUAL = "usual"
OURS = Path(__file__).resolve().parents[2] / "loadtests" / "thresholds.toml"
BOUNDS = ("max", "min")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """
    Args:
        figure: a key of the JSON object, with a dot before a key inside of it.
    """

    figure: str
    most: float | None = None
    least: float | None = None

    def broken_by(self, value: float) -> bool:
        return (self.most is not None and value > self.most) or (self.least is not None and value < self.least)

    @property
    def words(self) -> str:
        most = "" if self.most is None else f"at most {self.most:g}"
        least = "" if self.least is None else f"at least {self.least:g}"
        return " and ".join(part for part in (least, most) if part)


def thresholds_for(shape: str, *, file: Path | None = None) -> tuple[Threshold, ...]:
    """
    The thresholds of a shape.

    Raises:
        ConfigError: the file is missing or says something else than bounds.
    """
    path = OURS if file is None else file
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}", hint=f"{OURS.name} in loadtests shows how it is written") from error
    for table in tables:
        _known(path, "shape", table, (USUAL, *SHAPES))
    bounds = {**tables.get(USUAL, {}), **tables.get(shape, {})}
    return tuple(_read(path, figure, said) for figure, said in bounds.items())


def value_of(summary: Mapping[str, Any], figure: str) -> float | None:
    """
    A figure; None where it was not measured, or is no figure.
    """
    value: Any = summary
    for key in figure.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _read(path: Path, figure: str, said: Any) -> Threshold:
    if not isinstance(said, Mapping) or not said:
        raise ConfigError(f"{path}: {figure}: {said!r} is no bound", hint="write {max = 0} or {min = 100}")
    for key, bound in said.items():
        _known(path, f"bound of {figure}", key, BOUNDS)
        if not isinstance(bound, int | float) or isinstance(bound, bool):
            raise ConfigError(f"{path}: {figure}: {bound!r} is no number", hint="write {max = 0} or {min = 100}")
    return Threshold(figure=figure, most=said.get("max"), least=said.get("min"))


def _known(path: Path, what: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        closest = difflib.get_close_matches(word, words, n=1)
        hint = f"did you mean {closest[0]}?" if closest else f"known: {', '.join(words)}"
        raise ConfigError(f"{path}: no {what} is called {word}", hint=hint)
