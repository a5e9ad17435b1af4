"""
What one load run is told, read from `PAYPROOF_LOAD_*`; the only place here that reads the environment.

It refuses to guess: a run without a target or with a misspelt variable does not start.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "PAYPROOF_LOAD_"
KINDS: Mapping[str, type[str] | type[int] | type[float]] = {
    "app_id": str,
    "secret": str,
    "record_file": str,
    "rate": float,
    "duration_s": float,
    "run_nonce": str,
    "seed": int,
    "channel": str,
    "product": str,
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
        rate: payments started a second, on schedule, whatever the gateway does.
        run_nonce: makes this run's order numbers and nonces its own.
        in_flight_max: at most so many requests at a time; what waits for its turn counts as latency.
        answer_s: how long an answer may take.
    """

    app_id: str
    secret: str
    record_file: str
    rate: float
    duration_s: float
    run_nonce: str
    seed: int = 1
    channel: str = "alipay"
    product: str = "qr"
    in_flight_max: int = 256
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
        return cls(**values)

    @property
    def payments(self) -> int:
        """
        How many the run starts.
        """
        return max(round(self.rate * self.duration_s), 1)
