"""
The grid: which states of an order met which faults, as histories tell.

A run that never brought an order into a hard place proves little about that place, so the places that no run reached
are named. Pure: histories in, a grid out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from harness.history import Operation, Phase
from harness.model import ENDED_STATUSES


class State(StrEnum):
    """Where an order stands, as its platform and its buyer know."""

    OPENING = "opening"  # asked for, and not answered yet
    OPEN = "open"
    PAID = "paid"
    REFUNDING = "refunding"  # a refund was asked for, and its end is not known
    REFUNDED = "refunded"
    ENDED = "ended"  # closed, or told to close
    LATE = "late"  # paid after it had ended


# What befell a whole gateway, and so every order that it had.
NEMESIS = frozenset({"kill", "restart", "platform_down", "advance"})
# Copies that somebody sent by hand are called by what they are.
BY_HAND = "by_hand"
PAYING = frozenset({"pay", "pay_twice", "pay_late"})
HARD: tuple[tuple[State, str], ...] = (
    (State.OPENING, "timeout_after"),
    (State.OPENING, "reset_after"),
    (State.OPENING, "malformed_body"),
    (State.OPENING, "bad_signature"),
    (State.OPEN, "kill"),
    (State.OPEN, "timeout_after"),
    (State.PAID, "kill"),
    (State.PAID, "duplicate"),
    (State.PAID, "drop_all"),
    (State.PAID, "forged_signature"),
    (State.PAID, "tampered_amount"),
    (State.PAID, "platform_down"),
    (State.REFUNDING, "timeout_after"),
    (State.REFUNDING, "reset_after"),
    (State.REFUNDING, "kill"),
    (State.REFUNDED, "kill"),
    (State.REFUNDED, "duplicate"),
    (State.ENDED, "kill"),
    (State.LATE, "kill"),
    (State.LATE, "duplicate"),
)
"""States and faults that a run which calls itself thorough has brought together."""


@dataclass(slots=True)
class Grid:
    """How often each state met each fault; grids of many histories are added up."""

    cells: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, history: Sequence[Operation]) -> None:
        """
        Count what one history tells.
        """
        self.cells.update(reached(history))

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """
        The hard states that nobody reached.
        """
        return tuple((state.value, fault) for state, fault in HARD if not self.cells[state.value, fault])

    @property
    def faults(self) -> tuple[str, ...]:
        """
        What was met at all, the most often first.
        """
        met: Counter[str] = Counter()
        for (_, fault), times in self.cells.items():
            met[fault] += times
        return tuple(fault for fault, _ in met.most_common())

    def rows(self) -> list[tuple[str | int, ...]]:
        """
        A row for each fault: its name, and how often each state met it.
        """
        return [(fault, *(self.cells[state.value, fault] for state in State)) for fault in self.faults]

    def to_json(self) -> dict[str, Any]:
        cells: dict[str, dict[str, int]] = {state.value: {} for state in State}
        for (state, fault), times in sorted(self.cells.items()):
            cells[state][fault] = times
        return {
            "cells": cells,
            "reached": len(self.cells),
            "hard": len(HARD),
            "hard_reached": len(HARD) - len(self.missing),
            "missing": [f"{state} x {fault}" for state, fault in self.missing],
        }


@dataclass(slots=True)
class _Life:
    """One order: what it was at which moment."""

    moments: list[tuple[datetime, State]] = field(default_factory=list)

    @property
    def state(self) -> State | None:
        return self.moments[-1][1] if self.moments else None

    def at(self, moment: datetime) -> State | None:
        """
        What it was then; what happened at that very moment has happened.
        """
        before = [state for at, state in self.moments if at <= moment]
        return before[-1] if before else None


def reached(history: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    """
    Each state with a fault that it met, once for each time.
    """
    lives: dict[str, _Life] = {}
    for line in history:
        if line.kind in NEMESIS:
            yield from ((life.state.value, line.kind) for life in lives.values() if life.state is not None)
        elif line.kind in {"call", "notify"}:
            life = lives.get(line.order)
            if life is not None:
                yield from _met(life, line)
        elif line.order:
            _live(lives.setdefault(line.order, _Life()), line)


def _met(life: _Life, line: Operation) -> Iterator[tuple[str, str]]:
    """
    What one exchange met, in the state in which it met it.
    """
    value = line.value
    state = _state_of_call(life, line) if line.kind == "call" else _state_of_notify(life, value)
    if state is None:
        return
    if line.kind == "call":
        yield from ((state.value, fault) for fault in str(value.get("fault") or "").split("+") if fault)
        return
    faults = [fault for fault in value.get("faults", ()) if fault != BY_HAND]
    if not faults and value.get("kind", "true") != "true":
        faults = [str(value["kind"])]
    yield from ((state.value, fault) for fault in faults)


def _state_of_call(life: _Life, line: Operation) -> State | None:
    match line.value.get("verb"):
        case "open":
            return State.OPENING
        case "refund" | "refund_query":
            return State.REFUNDING
        case "close" | "cancel":
            return State.ENDED
        case _:
            at = line.value.get("at")
            return life.state if at is None else life.at(datetime.fromisoformat(at))


def _state_of_notify(life: _Life, value: Mapping[str, Any]) -> State | None:
    due_at = value.get("due_at")
    return life.state if due_at is None else life.at(datetime.fromisoformat(due_at))


def _live(life: _Life, line: Operation) -> None:
    after = _after(life.state, line)
    if after is not None and after is not life.state:
        life.moments.append((line.at, after))


def _after(state: State | None, line: Operation) -> State | None:
    """
    What an order is after a line about it; None where it tells nothing new.
    """
    if line.kind in PAYING:
        paid = line.phase is Phase.OK and line.value.get("paid_fen", 1)
        return (State.LATE if state is State.ENDED else State.PAID) if paid else None
    done = line.value.get("refund_state") == "SUCCEEDED"
    ended = line.value.get("status") in ENDED_STATUSES
    for kind, phase, before, after, so in (
        ("create", Phase.INVOKE, {None}, State.OPENING, True),
        ("create", Phase.OK, {State.OPENING}, State.OPEN, not ended),
        ("refund", Phase.INVOKE, {State.PAID, State.REFUNDED, State.LATE}, State.REFUNDING, True),
        ("refund", Phase.OK, {State.REFUNDING}, State.REFUNDED, done),
        ("refund", Phase.FAIL, {State.REFUNDING}, State.PAID, True),
        ("close", Phase.INVOKE, {State.OPENING, State.OPEN}, State.ENDED, True),
        (line.kind, line.phase, {State.OPENING, State.OPEN}, State.ENDED, ended),
    ):
        if (kind, phase) == (line.kind, line.phase) and state in before and so:
            return after
    return None
