"""
What a run tells while it goes on: typed events, for any number of listeners.

Whoever runs something announces; console, JSON and NDJSON listen. Events refuse to know who listens, and listeners
cannot answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.audit import AuditReport
from harness.checks.base import Judgement
from harness.trial import Result
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """
    A run begins.

    Args:
        facts: what people like to know at once: seed, world, gateway, profile, URLs.
    """

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """One step of a story begins."""

    number: int
    total: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """Long work has come this far."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A plain line for people: where something is, what to press."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something that a person should know; it changes no verdict."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabled:
    """Figures side by side, the first of each row its name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A check has spoken."""

    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Resulted:
    """A requirement of the catalogue has its result for a channel."""

    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The audit has spoken."""

    report: AuditReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """
    A run is over.

    Args:
        summary: the JSON object of this command, with the keys that others rely on.
        shown: which of its keys the console's table shows, in this order.
        reasons: why it is UNKNOWN.
    """

    verdict: Verdict
    summary: Mapping[str, Any]
    shown: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


Event = RunStarted | StepStarted | Progressed | Said | Noted | Tabled | Judged | Resulted | Audited | RunEnded
Announce = Callable[[Event], None]


class Listener(Protocol):
    """Hears every event of a run, in order."""

    def hear(self, event: Event) -> None: ...

    def close(self) -> None: ...


def announce_to(listeners: Iterable[Listener]) -> Announce:
    """
    One function that tells them all.
    """
    audience = tuple(listeners)

    def announce(event: Event) -> None:
        for listener in audience:
            listener.hear(event)

    return announce
