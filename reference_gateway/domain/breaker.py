"""
When to stop asking a channel that does not answer, and when to try again: the rules of a circuit breaker.

A circuit is closed, open, or half-open. Every pair of state and event stands in the table. Counted as failures are
calls that the channel did not do and calls whose outcome nobody knows; a refusal is an answer. The module decides; it
keeps no count and knows no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class CircuitState(StrEnum):
    """OPEN lets nothing new through; HALF_OPEN lets one probe through at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitEvent(StrEnum):
    """What happens to a circuit."""

    TRIP = "trip"
    COOL = "cool"
    ANSWER = "answer"
    FAILURE = "failure"


_S, _E = CircuitState, CircuitEvent
CIRCUIT_STEPS: Mapping[tuple[CircuitState, CircuitEvent], CircuitState] = {
    (_S.CLOSED, _E.TRIP): _S.OPEN,
    (_S.CLOSED, _E.COOL): _S.CLOSED,
    (_S.CLOSED, _E.ANSWER): _S.CLOSED,
    (_S.CLOSED, _E.FAILURE): _S.CLOSED,
    (_S.OPEN, _E.TRIP): _S.OPEN,
    (_S.OPEN, _E.COOL): _S.HALF_OPEN,
    (_S.OPEN, _E.ANSWER): _S.OPEN,
    (_S.OPEN, _E.FAILURE): _S.OPEN,
    (_S.HALF_OPEN, _E.TRIP): _S.OPEN,
    (_S.HALF_OPEN, _E.COOL): _S.HALF_OPEN,
    (_S.HALF_OPEN, _E.ANSWER): _S.CLOSED,
    (_S.HALF_OPEN, _E.FAILURE): _S.OPEN,
}
"""Calls that were under way when a circuit opened still end; their answers do not close it, only a probe's does."""


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """*failure_percent* of at least *calls_min* calls within *window_s* open a circuit, for *open_s* at least."""

    calls_min: int = 20
    failure_percent: int = 50
    window_s: float = 60.0
    open_s: float = 20.0

    @property
    def open_for(self) -> timedelta:
        return timedelta(seconds=self.open_s)


@dataclass(frozen=True, slots=True)
class Tally:
    """How a channel's calls ended within the window."""

    answered: int = 0
    failed: int = 0

    @property
    def calls(self) -> int:
        return self.answered + self.failed

    @property
    def success_bp(self) -> int:
        """The share of answers in basis points; a channel that was not asked is given the benefit of the doubt."""
        return 10_000 if not self.calls else 10_000 * self.answered // self.calls


NO_CALLS = Tally()


def is_too_much(tally: Tally, rules: BreakerRules) -> bool:
    """Tell whether what failed within the window opens the circuit."""
    return tally.calls >= rules.calls_min and 100 * tally.failed >= rules.failure_percent * tally.calls
