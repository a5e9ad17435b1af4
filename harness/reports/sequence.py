"""
A story drawn as a sequence diagram: four lanes, an arrow for each row, evidence marked.

Numbers only; a template draws. It refuses to know where the story comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reports.html import fragment
from harness.reports.story import BUYER, GATEWAY, LANES, MERCHANT, PROVIDER, Row
from harness.words import Words

WIDTH = 920
LANE_X = {MERCHANT: 110, GATEWAY: 350, PROVIDER: 610, BUYER: 830}
TITLE_SAID = {MERCHANT: "merchant", GATEWAY: "gateway", PROVIDER: "provider", BUYER: "buyer"}
TOP, SINGLE, DOUBLE, STILL, GAP, PAUSE = 58, 34, 56, 36, 28, 28
# The widest a letter of the drawing gets: Latin, and Chinese.
LETTER, WIDE_LETTER = 6.4, 12.5
PAUSE_FROM_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One arrow with its text above it."""

    start: float
    end: float
    y: float
    text: str
    tone: str = ""
    dashed: bool = False
    broken: bool = False

    @property
    def head(self) -> str:
        """
        The points of its head.
        """
        back = 8 if self.end < self.start else -8
        return f"{self.end},{self.y} {self.end + back},{self.y - 4} {self.end + back},{self.y + 4}"

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """
    One row, placed.

    Args:
        box: a text that stands on a lane: left edge and width.
        note: what happened between two rows: time passed, rows left out.
    """

    y: float
    height: float
    evidence: bool = False
    number: int | None = None
    clock: str = ""
    fault: str = ""
    arrows: tuple[Arrow, ...] = ()
    text: str = ""
    box: tuple[float, float] | None = None
    note: str = ""


def sequence(rows: Sequence[Row | int], *, words: Words) -> Markup:
    """
    The drawing, as SVG.
    """
    drawn = _placed(rows, words)
    height = (drawn[-1].y + drawn[-1].height if drawn else TOP) + 16
    lanes = [(words.say(TITLE_SAID[lane]), LANE_X[lane]) for lane in LANES]
    return fragment(
        "sequence.html", rows=drawn, lanes=lanes, width=WIDTH, height=height, label=words.say("sequence diagram")
    )


def _placed(rows: Sequence[Row | int], words: Words) -> list[Drawn]:
    drawn: list[Drawn] = []
    y, clock, before = float(TOP), "", None
    for row in rows:
        if isinstance(row, int):
            drawn.append(Drawn(y=y, height=GAP, note=words.say("{count} more", count=row)))
            y += GAP
            continue
        if row.kind != "state" and row.at is not None:
            passed_s = 0.0 if before is None else (row.at - before).total_seconds()
            before = row.at
            if passed_s >= PAUSE_FROM_S:
                drawn.append(Drawn(y=y, height=PAUSE, note=words.say("{span} later", span=_span(passed_s, words))))
                y += PAUSE
        now = f"{row.at:%H:%M:%S}" if row.at is not None and row.kind != "state" else ""
        placed = _row(row, y, clock=now if now != clock else "")
        drawn.append(placed)
        y += placed.height
        clock = now or clock
    return drawn


def _row(row: Row, y: float, *, clock: str) -> Drawn:
    if row.source == row.target or row.kind in {"note", "state"}:
        width = _width(row.text) + 20
        middle = (LANE_X[row.source] + LANE_X[row.target]) / 2
        left = min(max(middle - width / 2, 4), WIDTH - width - 4)
        box = (left, width)
        return Drawn(y=y, height=STILL, evidence=row.evidence, clock=clock, text=row.text, box=box)
    here, there = LANE_X[row.source], LANE_X[row.target]
    if row.kind not in {"call", "notify", "webhook"}:
        arrow = _arrow(
            here, there, y + 24, row.text, tone=_tone(row.good), dashed=row.kind == "answer", broken=row.broken
        )
        return Drawn(y=y, height=SINGLE, evidence=row.evidence, clock=clock, arrows=(arrow,))
    lost = row.broken and not row.answer
    asked = _arrow(here, there, y + 24, row.text, broken=lost)
    arrows: tuple[Arrow, ...] = (asked,)
    if not lost:
        arrows += (_arrow(there, here, y + 46, row.answer, tone=_tone(row.good), dashed=True, broken=row.broken),)
    return Drawn(
        y=y,
        height=SINGLE if lost else DOUBLE,
        evidence=row.evidence,
        number=row.number,
        clock=clock,
        fault=row.fault,
        arrows=arrows,
    )


def _arrow(start: float, end: float, y: float, text: str, **how: object) -> Arrow:
    told: Mapping[str, object] = how
    broken = bool(told.get("broken"))
    return Arrow(
        start=start,
        end=(start + end) / 2 if broken else end,
        y=y,
        text=text,
        tone=str(told.get("tone") or ("bad" if broken else "")),
        dashed=bool(told.get("dashed")),
        broken=broken,
    )


def _tone(good: object) -> str:
    # None where nothing can be said
    return "" if good is None else "good" if good else "bad"


def _width(text: str) -> float:
    return sum(WIDE_LETTER if ord(letter) > 0x2E80 else LETTER for letter in text)


def _span(seconds: float, words: Words) -> str:
    for unit, size_s in (("{n} days", 86_400.0), ("{n} h", 3_600.0), ("{n} min", 60.0)):
        if seconds >= 2 * size_s or (size_s < 86_400 and seconds >= size_s):
            return words.say(unit, n=f"{seconds / size_s:.3g}")
    return words.say("{n} s", n=f"{seconds:.3g}")
