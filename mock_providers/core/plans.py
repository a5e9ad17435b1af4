"""
What faults do to one attempt, as plain data, and the port that decides it.

The notifier and the server carry plans out and know no fault by name; the faults room makes the plans.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Literal, Protocol

Place = Literal["notify", "reply"]


class Kind(StrEnum):
    """What a delivery is, seen from the platform that knows the truth."""

    TRUE = "true"
    DUPLICATE = "duplicate"
    FORGED = "forged"
    TAMPERED = "tampered"


@dataclass(frozen=True, slots=True)
class Question:
    """
    One chance for faults: an attempt to deliver a notify, or one answer.

    Only `provider`, `label`, `on`, `api`, `occurrence` and `attempt` may sway chance; `order` is the merchant's number,
    which changes from run to run, and serves matching only.
    """

    provider: str
    label: str
    order: str
    on: Place
    api: str
    attempt: int
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """
    One copy of a notify to be sent.

    Args:
        kind: true and duplicate copies can end the ladder; forged and tampered ones cannot.
        offset_s: how long after the attempt is due.
        wave: copies of one wave leave together, waves one after another.
        forged: signed by a key that is not the platform's.
        add_fen: how much the amounts in it differ from the truth.
        fault: the fault that added this copy, "" for the true one.
    """

    kind: Kind
    offset_s: float = 0.0
    wave: int = 0
    forged: bool = False
    add_fen: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the attempt back until `behind` later events of the same order went out, or `hold_s` have passed."""

    behind: int
    hold_s: float


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """
    One attempt: which copies, when, and what becomes of the ladder.

    Args:
        lost: true copies and duplicates of this attempt never leave.
        ladder_over: neither do those of later attempts.
        faults: those that struck the whole attempt.
    """

    deliveries: tuple[PlannedDelivery, ...] = (PlannedDelivery(Kind.TRUE),)
    delay_s: float = 0.0
    hold: Hold | None = None
    lost: bool = False
    ladder_over: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """One answer: how long it is kept, and whether it is sent at all. The work is done either way."""

    delay_s: float = 0.0
    hang_up: bool = False
    faults: tuple[str, ...] = ()


PLAIN_DELIVERY = DeliveryPlan()
PLAIN_REPLY = ReplyPlan()


class FaultPlanner(Protocol):
    """Decides, once for each question, what goes wrong."""

    def plan_notify(self, question: Question) -> DeliveryPlan:
        """How to deliver this attempt."""
        ...

    def plan_reply(self, *, provider: str, label: str, order: str, api: str) -> ReplyPlan:
        """How to answer; counts the attempt itself."""
        ...


class FaultRules(Protocol):
    """The rules in force, as the control API sees them."""

    @property
    def profile(self) -> str:
        """The name of the rules in force."""
        ...

    def rules(self) -> list[dict[str, object]]:
        """The rules in their order."""
        ...

    def replace(self, document: object) -> None:
        """Take other rules; refuses with `RulesRefused` and keeps the old ones."""
        ...

    def add(self, rule: object) -> None:
        """Take one more rule."""
        ...

    def remove(self, rule_id: str) -> bool:
        """
        Returns:
            False when there is no such rule.
        """
        ...

    def decisions(self, *, after: int, limit: int) -> tuple[list[dict[str, object]], int | None]:
        """Every decision made, in order, and the next cursor."""
        ...

    def forget(self) -> None:
        """Attempts and decisions start anew; the rules stay."""
        ...


_COUNTED_KINDS = {
    Kind.DUPLICATE: "notifies_duplicate",
    Kind.FORGED: "notifies_forged",
    Kind.TAMPERED: "notifies_tampered",
}


@dataclass(slots=True)
class Counts:
    """
    Deliveries counted for reports.

    What is planned when an event is published is a function of the seed and the events alone; resends, deliveries and
    acks depend on the receiver and on time.
    """

    notifies_sent: int = 0
    notifies_duplicate: int = 0
    notifies_forged: int = 0
    notifies_tampered: int = 0
    notifies_dropped: int = 0
    notifies_delayed: int = 0
    notifies_reordered: int = 0
    notifies_resent: int = 0
    notifies_acked: int = 0
    notifies_delivered: int = 0

    def published(self, plan: DeliveryPlan) -> None:
        """Count what faults made of a fresh event."""
        self.notifies_sent += len(plan.deliveries)
        for delivery in plan.deliveries:
            name = _COUNTED_KINDS.get(delivery.kind)
            if name is not None:
                setattr(self, name, getattr(self, name) + 1)
        self.notifies_dropped += plan.lost or plan.ladder_over
        self.notifies_delayed += plan.delay_s > 0
        self.notifies_reordered += plan.hold is not None

    def as_json(self) -> dict[str, object]:
        """The numbers by name."""
        return asdict(self)
