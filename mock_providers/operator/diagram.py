"""
A story drawn as a sequence diagram: three lanes, and for each line where its arrows run.

Numbers only; a template draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mock_providers.operator.story import Line

WIDTH = 1000
LANES = {"buyer": 130, "provider": 500, "merchant": 870}
_TOP = 64
_EXCHANGE, _SINGLE, _NOTE, _GAP = 68, 46, 44, 40
_GAP_FROM_S = 60.0
# A letter of the diagram's fixed font, and of its other one, at most.
_LETTER_MONO, _LETTER = 7.3, 7.0
_TEXT_CHARS = 40
_LANE_MARGIN = 9


@dataclass(frozen=True, slots=True)
class Arrow:
    """
    One arrow with its text above it.

    Args:
        broken: it never arrives.
        tone: "good", "bad", "quiet" or "".
    """

    start: float
    end: float
    y: float
    text: str
    whole: str
    broken: bool = False
    dashed: bool = False
    tone: str = ""

    @property
    def middle(self) -> float:
        """Where the text stands."""
        return (self.start + self.end) / 2

    @property
    def head(self) -> str:
        """The points of the arrow's head."""
        back = 9 if self.end < self.start else -9
        return f"{self.end},{self.y} {self.end + back},{self.y - 4.5} {self.end + back},{self.y + 4.5}"


@dataclass(frozen=True, slots=True)
class Drawn:
    """
    One line of the story, placed.

    Args:
        clock: the time of day, where it differs from the line above.
    """

    line: Line
    y: float
    height: float
    clock: str = ""
    arrows: tuple[Arrow, ...] = ()
    gap: str = ""
    chip: str = ""
    chip_x: float = 0.0
    chip_width: float = 0.0
    note_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagram:
    """The whole drawing."""

    height: float
    rows: Sequence[Drawn] = field(default_factory=list)
    width: int = WIDTH
    lanes: tuple[tuple[str, int], ...] = tuple(LANES.items())


def draw(story: Sequence[Line]) -> Diagram:
    """Place every line below the one before it."""
    rows: list[Drawn] = []
    y, clock = float(_TOP), ""
    for number, line in enumerate(story):
        passed_s = (line.at - story[number - 1].at).total_seconds() if number else 0.0
        if passed_s >= _GAP_FROM_S:
            rows.append(Drawn(line, y, _GAP, gap=span_text(passed_s)))
            y += _GAP
        now = f"{line.at:%H:%M:%S}"
        row = _row(line, y, clock=now if now != clock else "")
        rows.append(row)
        y, clock = y + row.height, now
    return Diagram(y + 20, rows)


def _row(line: Line, y: float, *, clock: str) -> Drawn:
    if line.kind == "note":
        return Drawn(line, y, _NOTE, clock=clock, note_width=text_width(line.text, _LETTER) + 40)
    here, there = _ends(line)
    if line.kind in {"waiting", "lost"}:
        lost = line.kind == "lost"
        end = (here + there) / 2 if lost else there
        arrow = _arrow(here, end, y + 32, line.text, broken=lost, dashed=True, tone="bad" if lost else "quiet")
        return _chipped(line, Drawn(line, y, _SINGLE, clock=clock, arrows=(arrow,)))
    asked = _arrow(here, there, y + 26, line.text, tone="bad" if line.signature_ok is False else "")
    tone = "" if line.good is None else "good" if line.good else "bad"
    end = here if line.answered else (here + there) / 2
    back = _arrow(there, end, y + 54, line.answer, broken=not line.answered, dashed=True, tone=tone)
    return _chipped(line, Drawn(line, y, _EXCHANGE, clock=clock, arrows=(asked, back)))


def _arrow(start: float, end: float, y: float, text: str, **how: Any) -> Arrow:
    return Arrow(start, end, y, _cut(text, _TEXT_CHARS), text, **how)


def _ends(line: Line) -> tuple[float, float]:
    """From whom to whom, with room for the lanes."""
    if line.kind == "visit":
        return LANES["buyer"] + _LANE_MARGIN, LANES["provider"] - _LANE_MARGIN
    if line.kind == "call":
        return LANES["merchant"] - _LANE_MARGIN, LANES["provider"] + _LANE_MARGIN
    return LANES["provider"] + _LANE_MARGIN, LANES["merchant"] - _LANE_MARGIN


def _chipped(line: Line, row: Drawn) -> Drawn:
    if not line.fault:
        return row
    text = _cut(line.fault.replace("+", " + "), _TEXT_CHARS)
    width = text_width(text, _LETTER_MONO) + 34
    x = LANES["provider"] - _LANE_MARGIN - 6 - width
    return Drawn(line, row.y, row.height, row.clock, row.arrows, chip=text, chip_x=x, chip_width=width)


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"


def text_width(text: str, letter: float) -> float:
    """About how wide *text* is; Chinese is written in squares."""
    return sum(letter if ord(one) < 0x2E80 else letter * 1.9 for one in text)


def span_text(seconds: float) -> str:
    """
    Returns:
        "4 min", "1 h 30 min", "2 d 1 h": the two largest units.
    """
    left = round(seconds)
    told = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            told.append(f"{count} {unit}")
    return " ".join(told[:2]) or "0 s"
