"""
Counts how each channel's calls end and keeps its circuit: who is asked, who is left alone, who is being tried again.

The rules stand in the domain; this module holds the counts, in slices of time so that a busy channel costs no more
than an idle one, and asks the clock. Kept per process: each gateway learns by itself, within seconds, what the others
learn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from reference_gateway.clock import Clock
from reference_gateway.domain.breaker import (
    CIRCUIT_STEPS,
    BreakerRules,
    CircuitEvent,
    CircuitState,
    Tally,
    is_too_much,
)
from reference_gateway.errors import ChannelUnavailable

SLICES = 20
"""In how many parts a window is kept; a call is forgotten at most one part late."""

_LOG = structlog.get_logger("reference_gateway.circuits")


@dataclass(slots=True)
class _Slice:
    begins_at: datetime
    answered: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Circuit:
    state: CircuitState = CircuitState.CLOSED
    opened_at: datetime | None = None
    probing: bool = False
    slices: deque[_Slice] = field(default_factory=deque)
    # The sums of the slices, so that the end of a call is counted by two additions.
    answered: int = 0
    failed: int = 0

    def count(self, *, answered: bool) -> None:
        """Count a call in the newest slice."""
        newest = self.slices[-1]
        if answered:
            newest.answered += 1
            self.answered += 1
        else:
            newest.failed += 1
            self.failed += 1

    def forget(self, before_at: datetime) -> None:
        """Forget the slices that began before a moment."""
        while self.slices and self.slices[0].begins_at < before_at:
            gone = self.slices.popleft()
            self.answered -= gone.answered
            self.failed -= gone.failed

    def forget_all(self) -> None:
        self.slices.clear()
        self.answered = self.failed = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A circuit as it stands now."""

    state: CircuitState
    probing: bool
    tally: Tally


class Circuits:
    """The circuits of all channels."""

    def __init__(self, channels: Iterable[str], *, clock: Clock, rules: BreakerRules) -> None:
        self._clock = clock
        self._rules = rules
        self._window = timedelta(seconds=rules.window_s)
        self._slice = self._window / SLICES
        self._circuits = {channel: _Circuit() for channel in channels}

    def standing(self, channel: str) -> Standing:
        """Return the state of a circuit, after what time has done to it."""
        circuit = self._cooled(channel)
        return Standing(circuit.state, circuit.probing, self._tally(circuit, self._clock.now()))

    def admit(self, channel: str) -> bool:
        """
        Let a call begin; True when it is the probe of a half-open circuit, which must be told how it ended.

        Raises:
            ChannelUnavailable: the circuit is open, or its one probe is under way; nothing was sent.
        """
        circuit = self._cooled(channel)
        if circuit.state is CircuitState.CLOSED:
            return False
        if circuit.state is CircuitState.OPEN or circuit.probing:
            raise ChannelUnavailable(f"{channel} is given a rest: too many calls failed", code="circuit_open")
        circuit.probing = True
        return True

    def ended(self, channel: str, *, answered: bool, probe: bool = False) -> None:
        """Count how a call ended; a probe's end decides what becomes of the circuit."""
        circuit, now = self._cooled(channel), self._clock.now()
        if not circuit.slices or now >= circuit.slices[-1].begins_at + self._slice:
            circuit.forget(now - self._window)
            circuit.slices.append(_Slice(now))
        circuit.count(answered=answered)
        if probe:
            circuit.probing = False
            self._move(channel, circuit, CircuitEvent.ANSWER if answered else CircuitEvent.FAILURE)
        elif circuit.state is CircuitState.CLOSED and is_too_much(self._tally(circuit, now), self._rules):
            self._move(channel, circuit, CircuitEvent.TRIP)

    def abandoned(self, channel: str) -> None:
        """Free the place of a probe that was cancelled: it proved nothing."""
        self._circuits[channel].probing = False

    def _cooled(self, channel: str) -> _Circuit:
        circuit = self._circuits[channel]
        if circuit.opened_at is not None and self._clock.now() >= circuit.opened_at + self._rules.open_for:
            self._move(channel, circuit, CircuitEvent.COOL)
        return circuit

    def _move(self, channel: str, circuit: _Circuit, event: CircuitEvent) -> None:
        before, circuit.state = circuit.state, CIRCUIT_STEPS[circuit.state, event]
        if circuit.state is before:
            return
        now = self._clock.now()
        tally = self._tally(circuit, now)
        circuit.opened_at = now if circuit.state is CircuitState.OPEN else None
        if circuit.state is CircuitState.CLOSED:
            circuit.forget_all()
        _LOG.warning(
            "circuit_moved",
            channel=channel,
            before=before.value,
            now=circuit.state.value,
            answered=tally.answered,
            failed=tally.failed,
        )

    def _tally(self, circuit: _Circuit, now: datetime) -> Tally:
        circuit.forget(now - self._window)
        return Tally(circuit.answered, circuit.failed)
