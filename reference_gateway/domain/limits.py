"""
Limits on what is asked for: how many payments, and how much money, within a window of time, by buyer, room or app.

Pure values; who counts stands elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

LimitedBy = Literal["buyer", "room", "app"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most *count_max* payments, or *amount_fen_max* altogether, in each window of *window_s* seconds."""

    by: LimitedBy
    window_s: int
    count_max: int | None = None
    amount_fen_max: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted in one window: *key* names it, *step* is added, and *most* is not to be exceeded."""

    key: str
    step: int
    most: int
    window_s: int
    left_s: int
    by: LimitedBy
    money: bool


def tallies(
    limits: Sequence[Limit], *, app_id: str, names: Mapping[LimitedBy, str | None], fen: int, now_s: int
) -> list[Tally]:
    """List what a payment of *fen* is counted in; a payment without a buyer or room is not limited by it."""
    found = []
    for limit in limits:
        name = names[limit.by]
        if name is None:
            continue
        window, passed_s = divmod(now_s, limit.window_s)
        left_s = limit.window_s - passed_s
        for money, most in ((False, limit.count_max), (True, limit.amount_fen_max)):
            if most is not None:
                kind = "fen" if money else "count"
                key = f"payproof:{{{app_id}}}:limit:{limit.by}:{kind}:{limit.window_s}:{window}:{name}"
                step = fen if money else 1
                found.append(Tally(key, step, most, limit.window_s, left_s, limit.by, money))
    return found
