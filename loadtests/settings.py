"""
What one load run is told, read from `PAYPROOF_LOAD_*`; the only place here that reads the environment.

It refuses to guess: a run without a target or with a misspelt variable does not start.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadtests.shapes import SHAPES, VISITORS, Schedule, Shape

PREFIX = "PAYPROOF_LOAD_"
KINDS: Mapping[str, type[str] | type[int] | type[float]] = {
    "app_id": str,
    "secret": str,
    "record_file": str,
    "rate": float,
    "duration_s": float,
    "run_nonce": str,
    "seed": int,
    "shape": str,
    "crowd": str,
    "mix": str,
    "room": str,
    "workers": int,
    "in_flight_max": int,
    "answer_s": float,
}
REQUIRED = frozenset({"app_id", "secret", "record_file", "rate", "duration_s", "run_nonce"})


class LoadSettingsError(ValueError):
    """The load run was not told what it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSettings:
    """
    One run.

    Args:
        app_id: the merchant's app; `secret` signs for it.
        record_file: where every request is written, one JSON line each.
        rate: visits started a second, on schedule, whatever the gateway does; the shape makes more or less of it.
        run_nonce: makes this run's order numbers and nonces its own.
        crowd: who comes, by share: `tipper=90,poller=10`; empty takes the shape's own.
        mix: over which channels they pay, by share.
        room: the live room of those who tip into one.
        workers: how many generators there are; each starts its share of the schedule.
        in_flight_max: at most so many visits at a time, in each worker; what waits for its turn counts as latency. 0
            takes the shape's own.
        answer_s: how long an answer may take.
    """

    app_id: str
    secret: str
    record_file: str
    rate: float
    duration_s: float
    run_nonce: str
    seed: int = 1
    shape: str = "steady"
    crowd: str = ""
    mix: str = "alipay=100"
    room: str = "hall"
    workers: int = 1
    in_flight_max: int = 0
    answer_s: float = 15.0

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "LoadSettings":
        """
        Raises:
            LoadSettingsError: a variable is missing, unknown or no number.
        """
        seen = os.environ if environ is None else environ
        given = {name.removeprefix(PREFIX).lower(): text for name, text in seen.items() if name.startswith(PREFIX)}
        strangers = sorted(given.keys() - KINDS.keys())
        if strangers:
            raise LoadSettingsError(f"unknown: {', '.join(PREFIX + name.upper() for name in strangers)}")
        values: dict[str, Any] = {}
        for name, text in given.items():
            try:
                values[name] = KINDS[name](text)
            except ValueError as error:
                raise LoadSettingsError(f"{PREFIX}{name.upper()}: {error}") from error
        missing = sorted(REQUIRED - values.keys())
        if missing:
            raise LoadSettingsError(f"missing: {', '.join(PREFIX + name.upper() for name in missing)}")
        told = cls(**values)
        told.check()
        return told

    def check(self) -> None:
        """
        Raises:
            LoadSettingsError: the shape or a visitor is unknown, or a share is no number.
        """
        if self.shape not in SHAPES:
            raise LoadSettingsError(f"{PREFIX}SHAPE: {self.shape} is none of {', '.join(SHAPES)}")
        strangers = self.visitors.keys() - VISITORS
        if strangers:
            raise LoadSettingsError(f"{PREFIX}CROWD: {min(strangers)} is none of {', '.join(sorted(VISITORS))}")
        shares(self.mix)

    @property
    def form(self) -> Shape:
        return SHAPES[self.shape]

    @property
    def schedule(self) -> Schedule | None:
        """
        None where as much is asked for as comes back.
        """
        make = self.form.schedule
        return None if make is None else make(self.rate, self.duration_s)

    @property
    def visitors(self) -> Mapping[str, int]:
        return shares(self.crowd) if self.crowd else self.form.crowd

    @property
    def in_flight(self) -> int:
        """
        Visits at a time, in each worker.
        """
        return self.in_flight_max or max(self.form.in_flight // self.workers, 1)


def environment_of(values: Mapping[str, str]) -> dict[str, str]:
    """
    The variables that say *values*, which are by name in lower case.
    """
    return {f"{PREFIX}{name.upper()}": value for name, value in values.items()}


def shares(text: str) -> Mapping[str, int]:
    """
    Read `alipay=34,wechatpay_v3=33`.

    Raises:
        LoadSettingsError: it says something else.
    """
    read: dict[str, int] = {}
    for part in text.split(","):
        name, _, share = part.strip().partition("=")
        if not name or not share.isdigit() or not int(share) or name in read:
            raise LoadSettingsError(f"{text!r}: write each name once, with its share: alipay=34,wechatpay_v3=66")
        read[name] = int(share)
    return read
