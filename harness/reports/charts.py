"""
Lines over time as inline SVG: numbers in, text out. One file, no script, colours that follow the reader's screen.

Pure; it refuses to know what the numbers mean. Every line has its name in a legend and differs by dashes too, so that a
chart can be read on paper and by those who see no colours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, HEIGHT = 960, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 40
COLOURS = ("var(--accent)", "var(--warn)", "var(--good)", "var(--bad)", "var(--soft)", "var(--ink)")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "12 4")
# So many places on an axis at most.
TICKS = 6
# Points nearer than this to each other cannot be told apart.
COLUMNS_MAX = 480


@dataclass(frozen=True, slots=True)
class Line:
    """
    Args:
        points: (x, y) in rising x; a None breaks the line.
        style: the place of its colour and its dashes; by order when None.
        faint: drawn thin, for what stands behind.
    """

    name: str
    points: Sequence[tuple[float, float | None]]
    style: int | None = None
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """
    Something that happened: a moment, or a stretch of time.

    Args:
        until: the stretch's end.
        tone: good, bad, warn, accent or soft.
    """

    at: float
    text: str
    until: float | None = None
    tone: str = "soft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """
    Args:
        title: what the chart shows, for those who cannot see it as well.
        unit: of the values: `/s`, `ms`, `%`.
        log: the values differ by orders of magnitude.
        floor: the least that the upper end of the scale is, so that noise does not look like a mountain.
        x_unit: of the places along.
    """

    title: str
    lines: Sequence[Line]
    unit: str = ""
    x_unit: str = "s"
    log: bool = False
    floor: float = 1.0
    marks: Sequence[Mark] = ()
    height: int = HEIGHT


def draw(chart: Chart) -> Markup:
    """
    The chart as an `<svg>` element; an empty one says that there was nothing to draw.
    """
    values = [y for line in chart.lines for _, y in line.points if y is not None and math.isfinite(y)]
    places = [x for line in chart.lines for x, y in line.points if y is not None]
    places += [place for mark in chart.marks for place in (mark.at, mark.until) if place is not None]
    if not values:
        return _svg(chart, [_text(WIDTH / 2, chart.height / 2, "nothing to draw", anchor="middle")])
    frame = _Frame.around(chart, places=places, values=values)
    parts = [*_marks(chart, frame), *_grid(chart, frame)]
    for number, line in enumerate(chart.lines):
        parts += _line(line, frame, style=number if line.style is None else line.style)
    parts += _legend(chart)
    return _svg(chart, parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    right: float
    bottom: float
    top: float
    height: int
    log: bool

    @classmethod
    def around(cls, chart: Chart, *, places: Sequence[float], values: Sequence[float]) -> "_Frame":
        left, right = min(places), max(places)
        highest = max(*values, chart.floor)
        if chart.log:
            lowest = min([value for value in values if value > 0], default=1.0)
            bottom, top = 10 ** math.floor(math.log10(lowest)), 10 ** math.ceil(math.log10(highest))
            top = top if top > bottom else bottom * 10
        else:
            step = _step(highest / TICKS)
            bottom, top = 0.0, math.ceil(highest / step) * step
        return cls(left, right if right > left else left + 1, bottom, top, chart.height, chart.log)

    def x(self, place: float) -> float:
        return LEFT + (place - self.left) / (self.right - self.left) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        if self.log:
            share = math.log(max(value, self.bottom) / self.bottom) / math.log(self.top / self.bottom)
        else:
            share = value / self.top
        return self.height - BOTTOM - min(max(share, 0.0), 1.0) * (self.height - TOP - BOTTOM)

    def y_ticks(self) -> list[float]:
        if not self.log:
            return _ticks(0.0, self.top)
        return [10.0**power for power in range(round(math.log10(self.bottom)), round(math.log10(self.top)) + 1)]


def _step(rough: float) -> float:
    """
    The next of 1, 2, 5, 10, … at or above.
    """
    power = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))


def _ticks(low: float, high: float) -> list[float]:
    step = _step((high - low) / TICKS)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _grid(chart: Chart, frame: _Frame) -> list[str]:
    floor_y = chart.height - BOTTOM
    parts = []
    for value in frame.y_ticks():
        y = frame.y(value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>')
        parts.append(_text(LEFT - 8, y + 4, _number(value), anchor="end"))
    for place in _ticks(frame.left, frame.right):
        x = frame.x(place)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{floor_y}" y2="{floor_y + 5}" stroke="var(--soft)"/>')
        parts.append(_text(x, floor_y + 18, f"{_number(place)} {chart.x_unit}".strip(), anchor="middle"))
    if chart.unit:
        parts.append(_text(LEFT - 8, TOP - 12, chart.unit, anchor="end", dim=True))
    return parts


def _marks(chart: Chart, frame: _Frame) -> list[str]:
    parts = []
    for mark in chart.marks:
        x, tone = frame.x(mark.at), f"var(--{mark.tone})"
        high = chart.height - TOP - BOTTOM
        if mark.until is None:
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + high}" stroke="{tone}" stroke-dasharray="3 3"/>'
            )
        else:
            width = max(frame.x(mark.until) - x, 1.0)
            parts.append(
                f'<rect x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{high}" fill="{tone}" opacity=".12"/>'
            )
        parts.append(_text(x + 4, TOP + 12, mark.text, dim=True))
    return parts


def _line(line: Line, frame: _Frame, *, style: int) -> list[str]:
    path, broken = [], True
    for x, y in _thinned(line.points):
        if y is None or not math.isfinite(y):
            broken = True
            continue
        path.append(f"{'M' if broken else 'L'}{frame.x(x):.1f} {frame.y(y):.1f}")
        broken = False
    if not path:
        return []
    colour, dash = _look(style)
    width = 1 if line.faint else 2
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    drawn = " ".join(path)
    # A point alone has no length, and round ends make a dot of it.
    shape = (
        f'<path d="{drawn}{" h0" if len(path) == 1 else ""}" fill="none" stroke="{colour}" stroke-width="{width}"'
        f' stroke-linejoin="round" stroke-linecap="round"{dashed}><title>{escape(line.name)}</title></path>'
    )
    return [shape]


def _thinned(points: Sequence[tuple[float, float | None]]) -> Sequence[tuple[float, float | None]]:
    """
    At most two points for each column that can be told apart: its lowest and its highest, in their order.
    """
    if len(points) <= 2 * COLUMNS_MAX:
        return points
    size = math.ceil(len(points) / COLUMNS_MAX)
    kept: list[tuple[float, float | None]] = []
    for begin in range(0, len(points), size):
        column = points[begin : begin + size]
        known = [(y, x) for x, y in column if y is not None]
        if known:
            low, high = min(known), max(known)
            kept += [(x, y) for y, x in sorted({low, high}, key=lambda pair: pair[1])]
        else:
            kept.append((column[0][0], None))
    return kept


def _legend(chart: Chart) -> list[str]:
    parts, x = [], float(LEFT)
    for number, line in enumerate(chart.lines):
        colour, dash = _look(number if line.style is None else line.style)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<line x1="{x:.0f}" x2="{x + 24:.0f}" y1="14" y2="14" stroke="{colour}" stroke-width="2"{dashed}/>'
        )
        parts.append(_text(x + 30, 18, line.name))
        # Letters of other scripts are twice as wide.
        x += 30 + 22 + sum(7.2 if letter.isascii() else 13 for letter in line.name)
    return parts


def _look(style: int) -> tuple[str, str]:
    return COLOURS[style % len(COLOURS)], DASHES[style % len(DASHES)]


def _text(x: float, y: float, text: str, *, anchor: str = "start", dim: bool = False) -> str:
    faint = ' opacity=".75"' if dim else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}"{faint}>{escape(text)}</text>'


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:g}"


def _svg(chart: Chart, parts: Sequence[str]) -> Markup:
    drawing = "\n".join(parts)
    return Markup(  # noqa: S704 - what came from outside is escaped where it is put in
        f'<svg viewBox="0 0 {WIDTH} {chart.height}" width="{WIDTH}" height="{chart.height}" role="img"'
        f' aria-label="{escape(chart.title)}" xmlns="http://www.w3.org/2000/svg">\n'
        f"<title>{escape(chart.title)}</title>\n{drawing}\n</svg>"
    )
