"""
A run as a picture over time: what befell it, who paid, what was delivered and what became of it, how long news took.

Pure: a history in, one SVG out. Nights in which nothing happens are folded, and the fold says how long they were.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from markupsafe import Markup

from harness.history import Operation, Phase
from harness.reports.troubles import Trouble, troubles_of

WIDTH, LEFT, RIGHT = 960, 150, 20
LANE, TOP, CURVES, OWED = 26, 40, 120, 60
# Moments that are closer than this have one line, with the first number and the last.
NUMBER_APART = 24
BAR, WORD_FITS = 12, 70
# No stretch without an event takes more of the width than this.
WIDEST = 0.12
TICKS, TICK_APART = 9, 78
BEFALLING = frozenset({
    "kill", "restart", "pause", "resume", "flush", "cut", "slow", "reset", "heal", "clock", "outage", "rotate_keys",
    "advance", "faults", "notifies_by_hand", "plant", "compare",
})  # fmt: skip
# Lanes from above; what a lane shows and by which dots.
LANES = ("opened", "paid", "call gone wrong", "true notify", "copy of one", "lie", "refund asked", "platform told")
PAID_NEWS = "payment.paid"
LIES = frozenset({"forged", "tampered", "probe", "stray", "replayed", "stale"})


@dataclass(frozen=True, slots=True)
class Dot:
    """
    Args:
        x: seconds from the beginning.
        tone: good, bad, warn or soft.
        hollow: it never arrived.
    """

    x: float
    lane: str
    tone: str
    text: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that befell the world."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """
    Args:
        lags: (when it was paid, seconds until the platform was told) for each payment of which both are known.
        owed: (when, how many payments were paid and not told of) wherever that changed.
        troubles: for how long something was the matter with a part or a link.
    """

    dots: Sequence[Dot]
    moments: Sequence[Moment]
    troubles: Sequence[Trouble] = ()
    lags: Sequence[tuple[float, float]] = ()
    owed: Sequence[tuple[float, int]] = ()

    @property
    def places(self) -> list[float]:
        """
        Where anything happens, in order.
        """
        return sorted({*(dot.x for dot in self.dots), *(moment.x for moment in self.moments)})


def timeline_of(history: Iterable[Operation], *, one_time: bool) -> Timeline:
    """
    What a history tells of time.

    Args:
        one_time: the world and the provider's schedule move together; else what was advanced moved the schedule alone.
    """
    lines = list(history)
    if not lines:
        return Timeline(dots=(), moments=())
    clock = _Clock(lines, one_time=one_time)
    told, paid = _told(lines, clock), _paid(lines, clock)
    dots = [dot for line in lines if (dot := _dot(line, clock)) is not None] + _news(lines, clock)
    moments = [Moment(clock.of(line), _befell(line)) for line in lines if line.kind in BEFALLING]
    places = [*(dot.x for dot in dots), *(moment.x for moment in moments)]
    changes = [
        *((x, 1) for x in paid.values()),
        *((max(told[order], paid[order]), -1) for order in told if order in paid),
    ]
    return Timeline(
        dots=dots,
        moments=moments,
        troubles=troubles_of(lines, x_of=clock.of, end_x=max(places, default=0.0)),
        lags=[(x, max(told[order] - x, 0.001)) for order, x in paid.items() if order in told],
        # What was paid and told at the same moment was owed for none, never less than none.
        owed=[(x, owed) for x, owed in _summed(sorted(changes, key=lambda one: (one[0], -one[1])))],
    )


def _summed(changes: Iterable[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    owed = 0
    for x, change in changes:
        owed += change
        yield x, owed


class _Clock:
    """Seconds from the first line, on the provider's schedule."""

    def __init__(self, lines: Sequence[Operation], *, one_time: bool) -> None:
        self._begun = lines[0].at
        leaps = [] if one_time else [line for line in lines if line.kind == "advance"]
        self._leaps = [(line.at, float(line.value["seconds"])) for line in leaps]

    def of(self, line: Operation) -> float:
        return self.at(line.at)

    def at(self, moment: datetime) -> float:
        leapt = sum(span for at, span in self._leaps if at <= moment)
        return (moment - self._begun) / timedelta(seconds=1) + leapt

    def due(self, text: str) -> float:
        return max((datetime.fromisoformat(text) - self._begun) / timedelta(seconds=1), 0.0)


def _dot(line: Operation, clock: _Clock) -> Dot | None:
    if line.kind == "notify":
        return _notify(line, clock)
    if line.kind == "call":
        return _call(line, clock)
    lane = {"create": "opened", "pay": "paid", "refund": "refund asked"}.get(line.kind)
    if lane is None or line.phase in {Phase.INVOKE, Phase.FACT}:
        return None
    tone = {Phase.OK: "good", Phase.FAIL: "bad"}.get(line.phase, "warn")
    return Dot(clock.of(line), lane, tone, f"{line.order}: {line.kind} {line.phase.value}")


def _notify(line: Operation, clock: _Clock) -> Dot | None:
    told = line.value
    if not told.get("due_at"):
        return None
    kind = told["kind"]
    lane = "lie" if kind in LIES else "copy of one" if kind == "duplicate" else "true notify"
    wanted = told["acked"] is not (lane == "lie")
    tone = "soft" if not told["delivered"] else "good" if wanted else "bad"
    met = f" ({', '.join(told['faults'])})" if told["faults"] else ""
    became = "never arrived" if not told["delivered"] else "acked" if told["acked"] else f"answered {told['status']}"
    text = f"{line.order}: {kind} notify {told['attempt']}{met}, {became}"
    return Dot(clock.due(told["due_at"]), lane, tone, text, hollow=not told["delivered"])


def _befell(line: Operation) -> str:
    told = {name: value for name, value in line.value.items() if value not in (None, "", [], {})}
    if line.kind == "advance":
        return f"advance {span(float(told['seconds']))}"
    return " ".join([line.kind.replace("_", " "), *(_plain(value) for value in told.values())])


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _call(line: Operation, clock: _Clock) -> Dot | None:
    told = line.value
    if not told.get("fault") or not told.get("at"):
        return None
    text = f"{line.order}: {told['api']} met {told['fault']}, answered {told['status'] or 'nothing'}"
    return Dot(clock.due(told["at"]), "call gone wrong", "warn", text, hollow=told["status"] is None)


def _news(lines: Sequence[Operation], clock: _Clock) -> list[Dot]:
    """
    What the platform was told; the same news of one payment under another event id is one too many.
    """
    dots = []
    first: dict[tuple[str, str], str] = {}
    for line in lines:
        if line.kind != "webhook":
            continue
        told = line.value
        known = first.setdefault((line.order, told["type"]), told["event_id"])
        one_too_many = told["type"] == PAID_NEWS and known != told["event_id"]
        tone = "bad" if one_too_many or not told["told"] else "good"
        text = f"{line.order}: {told['type']}{', once more' if one_too_many else '' if told['told'] else ', refused'}"
        dots.append(Dot(_received(line, clock), "platform told", tone, text, hollow=not told["told"]))
    return dots


def _received(line: Operation, clock: _Clock) -> float:
    return clock.at(datetime.fromisoformat(line.value["received_at"]))


def _told(lines: Sequence[Operation], clock: _Clock) -> dict[str, float]:
    """
    When the platform first took the news of each payment.
    """
    told: dict[str, float] = {}
    for line in lines:
        if line.kind == "webhook" and line.value["type"] == PAID_NEWS and line.value["told"]:
            told[line.order] = min(_received(line, clock), told.get(line.order, math.inf))
    return told


def _paid(lines: Sequence[Operation], clock: _Clock) -> dict[str, float]:
    """
    When each payment was first paid.
    """
    return {line.order: clock.of(line) for line in reversed(lines) if line.kind == "pay" and line.phase is Phase.OK}


class Axis:
    """
    Where a moment stands in the picture: stretches without an event are folded to a part of the width.

    Args:
        places: where anything happens, in order.
    """

    def __init__(self, places: Sequence[float]) -> None:
        self._places = [*places] or [0.0]
        gaps = [later - earlier for earlier, later in zip(self._places, self._places[1:], strict=False)]
        cap = sum(gaps)
        widest = max(WIDEST, 2 / max(len(gaps), 1))
        for _ in range(20):
            cap = min(cap, max(widest * sum(min(gap, cap) for gap in gaps), 1e-3))
        self._shown = [0.0]
        for gap in gaps:
            self._shown.append(self._shown[-1] + min(gap, cap))
        self.folds = [
            (self.x(earlier), self.x(earlier + gap), gap)
            for earlier, gap in zip(self._places, gaps, strict=False)
            if gap > cap * 1.5
        ]

    def x(self, place: float) -> float:
        """
        Pixels from the left.
        """
        nth = min(max(bisect_right(self._places, place) - 1, 0), len(self._places) - 1)
        shown = self._shown[nth]
        if nth + 1 < len(self._places):
            gap = self._places[nth + 1] - self._places[nth]
            shown += (self._shown[nth + 1] - shown) * min(max((place - self._places[nth]) / gap, 0.0), 1.0)
        whole = self._shown[-1] or 1.0
        return LEFT + shown / whole * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> list[tuple[float, str]]:
        """
        A few of the places, with the time since the beginning in words.
        """
        found: list[tuple[float, str]] = []
        for place in self._places:
            x = self.x(place)
            if not found or x - found[-1][0] >= max(TICK_APART, (WIDTH - LEFT - RIGHT) / TICKS):
                found.append((x, span(place)))
        return found


def span(length_s: float) -> str:
    """
    A length of time as people say it: 0.4 s, 12 s, 4 min, 1.5 h, 2 d.
    """
    for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if length_s >= size:
            return f"{length_s / size:.3g} {unit}"
    return f"{length_s:.2g} s" if length_s < 10 else f"{length_s:.0f} s"


def draw_timeline(told: Timeline) -> Markup:
    """
    The picture: what befell the world across all lanes, a lane for each kind of event, and how late the news was.
    """
    axis = Axis(told.places)
    bars = list(dict.fromkeys(trouble.what for trouble in told.troubles))
    lanes = [lane for lane in LANES if any(dot.lane == lane for dot in told.dots)]
    below = TOP + LANE * (len(bars) + len(lanes))
    curves = below + 40
    height = curves + (OWED + 20 if told.owed else 0) + (CURVES + 20 if told.lags else 0)
    parts = [*_folds(axis, below), *_ticks(axis, below), *_befallen(told, axis, below)]
    for number, what in enumerate(bars):
        parts += _bars([one for one in told.troubles if one.what == what], axis, y=TOP + LANE * number + LANE / 2)
    for number, lane in enumerate(lanes, start=len(bars)):
        y = TOP + LANE * number + LANE / 2
        parts.append(_text(LEFT - 12, y + 4, lane, anchor="end"))
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y, colour="line"))
        parts += [_circle(dot, axis.x(dot.x), y) for dot in told.dots if dot.lane == lane]
    if told.owed:
        parts += _owed_curve(told, axis, top=curves)
        curves += OWED + 20
    if told.lags:
        parts += _lag_curve(told, axis, top=curves)
    return Markup(  # noqa: S704 - every text in it was escaped
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="timeline" '
        f'style="width:100%;min-width:720px" font-size="12">{"".join(parts)}</svg>'
    )


def _folds(axis: Axis, below: float) -> list[str]:
    parts = []
    for left, right, gap in axis.folds:
        parts.append(
            f'<rect x="{left + 3:.1f}" y="{TOP}" width="{max(right - left - 6, 1):.1f}" height="{below - TOP}" '
            'fill="var(--line)" opacity="0.35"/>'
        )
        if right - left > 34:
            parts.append(_text((left + right) / 2, TOP - 6, span(gap), anchor="middle", colour="soft"))
    return parts


def _ticks(axis: Axis, below: float) -> list[str]:
    return [_text(x, below + 16, text, anchor="middle", colour="soft") for x, text in axis.ticks()]


def _befallen(told: Timeline, axis: Axis, below: float) -> list[str]:
    """
    A line for each moment, with its number; what it was stands when one points at it, and in the list below. Moments
    that lie so close together that nobody could tell them apart have one line.
    """
    groups: list[tuple[float, list[tuple[int, Moment]]]] = []
    for number, moment in enumerate(told.moments, start=1):
        x = axis.x(moment.x)
        if not groups or x - groups[-1][0] >= NUMBER_APART:
            groups.append((x, []))
        groups[-1][1].append((number, moment))
    parts = []
    for x, group in groups:
        first, last = group[0][0], group[-1][0]
        numbers = str(first) if first == last else f"{first}\u2013{last}"
        words = escape("; ".join(moment.text for _, moment in group))
        parts.append(
            f'<g><title>{words}</title><line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 18}" y2="{below}" '
            f'stroke="var(--warn)" stroke-dasharray="4 3"/>{_text(x, TOP - 22, numbers, anchor="middle")}</g>'
        )
    return parts


def _bars(troubles: Sequence[Trouble], axis: Axis, *, y: float) -> list[str]:
    """For how long something was the matter with one part or link, and in a word what."""
    parts = [_text(LEFT - 12, y + 4, troubles[0].what, anchor="end"), _line(LEFT, y, WIDTH - RIGHT, y, colour="line")]
    for one in troubles:
        left, right = axis.x(one.from_x), axis.x(one.to_x)
        tone, words = "bad" if one.grave else "warn", f"{one.what} {one.word} for {span(one.to_x - one.from_x)}"
        parts.append(
            f'<rect x="{left:.1f}" y="{y - BAR / 2:.1f}" width="{max(right - left, 2):.1f}" height="{BAR}" rx="2" '
            f'fill="var(--{tone})" fill-opacity="0.35"><title>{escape(words)}</title></rect>'
        )
        if right - left >= WORD_FITS:
            parts.append(_text((left + right) / 2, y + 4, one.word, anchor="middle"))
    return parts


def _circle(dot: Dot, x: float, y: float) -> str:
    fill = "none" if dot.hollow else f"var(--{dot.tone})"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="var(--{dot.tone})" fill-opacity="0.75">'
        f"<title>{escape(dot.text)}</title></circle>"
    )


def _owed_curve(told: Timeline, axis: Axis, *, top: float) -> list[str]:
    """How many payments were paid, and the platform had not heard of them."""
    most = max(1, *(owed for _, owed in told.owed))

    def y(owed: int) -> float:
        return top + OWED - owed / most * (OWED - 12)

    steps = [f"M{LEFT},{y(0):.1f}"]
    for x, owed in told.owed:
        steps.append(f"H{axis.x(x):.1f}V{y(owed):.1f}")
    path = f"{''.join(steps)}H{WIDTH - RIGHT}V{y(0):.1f}Z"
    return [
        _text(LEFT - 12, top + 10, "paid, not told", anchor="end"),
        _text(LEFT - 12, y(most) + 18, f"at most {most}", anchor="end", colour="soft"),
        _line(LEFT, y(0), WIDTH - RIGHT, y(0), colour="line"),
        f'<path d="{path}" fill="var(--accent)" fill-opacity="0.2" stroke="var(--accent)"/>',
    ]


def _lag_curve(told: Timeline, axis: Axis, *, top: float) -> list[str]:
    """How long the platform waited for news of each payment; the scale has a line for each power of ten."""
    lags = [lag for _, lag in told.lags]
    low, high = math.floor(math.log10(min(lags))), math.ceil(math.log10(max(lags)))
    high = max(high, low + 1)

    def y(lag: float) -> float:
        return top + CURVES - (math.log10(lag) - low) / (high - low) * (CURVES - 16)

    parts = [_text(LEFT - 12, top + 4, "until it was told", anchor="end")]
    for power in range(low, high + 1):
        parts.append(_line(LEFT, y(10.0**power), WIDTH - RIGHT, y(10.0**power), colour="line"))
        parts.append(_text(LEFT - 12, y(10.0**power) + 4, span(10.0**power), anchor="end", colour="soft"))
    for x, lag in told.lags:
        parts.append(
            f'<circle cx="{axis.x(x):.1f}" cy="{y(lag):.1f}" r="3" fill="var(--accent)" fill-opacity="0.7">'
            f"<title>{span(lag)}</title></circle>"
        )
    return parts


def _text(x: float, y: float, text: str, *, anchor: str, colour: str = "ink") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--{colour})">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, *, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="var(--{colour})"/>'
