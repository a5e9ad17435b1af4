"""
What faults do to one attempt, as plain data, and the port that decides it.

The notifier and the server carry plans out and know no fault by name; the faults room makes the plans.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from mock_providers.core.records import record

Place = Literal["notify", "reply"]
# Provider and the merchant's order number.
OrderKey = tuple[str, str]
UNNAMED_FEN = 100


class Kind(StrEnum):
    """What a delivery is, seen from the platform that knows the truth. Only the first two can end a ladder."""

    TRUE = "true"
    DUPLICATE = "duplicate"
    FORGED = "forged"
    TAMPERED = "tampered"
    PROBE = "probe"
    STRAY = "stray"
    REPLAYED = "replayed"


class Seal(StrEnum):
    """
    Whose signature stands below an answer or a notify.

    DAMAGED is the platform's own over other bytes, FOREIGN a stranger's over the right ones, NONE no signature at all.
    NEXT is as good as TRUE, made by the platform's next certificate; providers without certificates take it for TRUE.
    The last four are as bad as FOREIGN, and are that where a vendor cannot play them: the certificate shown names
    somebody else, has expired or hangs on another root; the platform's own hand, by a weaker method than was agreed.
    """

    TRUE = "true"
    NEXT = "next"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    NONE = "none"
    WRONG_NAME = "wrong_name"
    EXPIRED = "expired"
    FOREIGN_CHAIN = "foreign_chain"
    WEAKER = "weaker"

    @property
    def genuine(self) -> bool:
        """Whether a merchant may believe it."""
        return self in _GENUINE

    def among(self, *own: "Seal") -> "Seal":
        """Itself where every vendor has it or this one does, by *own*; a stranger's otherwise."""
        return self if self in _EVERYWHERE or self in own else Seal.FOREIGN


_GENUINE = frozenset({Seal.TRUE, Seal.NEXT})
_EVERYWHERE = _GENUINE | {Seal.DAMAGED, Seal.FOREIGN, Seal.NONE}


@record
class Question:
    """
    One chance for faults: an attempt to deliver a notify, or one answer.

    Only `provider`, `label`, `on`, `api`, `occurrence` and `attempt` may sway chance; `order` is the merchant's number
    for it, which changes from run to run, and serves matching only, like `merchant`.
    """

    provider: str
    label: str
    order: str
    on: Place
    api: str
    attempt: int
    occurrence: int = 1
    merchant: str = ""


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """
    One copy of a notify to be sent.

    Args:
        kind: true and duplicate copies can end the ladder, no others.
        offset_s: how long after the attempt is due.
        wave: copies of one wave leave together, waves one after another.
        fault: the fault that added this copy, "" for the true one.
        seal: whose signature it bears.
        add_fen: how much the amounts in it differ from the truth.
        currency: what its amounts are in instead of CNY; where a vendor names none, they differ by UNNAMED_FEN instead.
        failed: it says in the vendor's word that the payment or refund has failed, amounts and all.
        finished: it says in the vendor's word, where there is one, that a payment was made and can be refunded no more.
        flawed: it says in the vendor's word, where there is one, that a payment is a success with a defect.
        coupon_fen: so much of the payment was a coupon's, where the vendor tells of coupons.
        wrong: what names somebody else's: "merchant", "app", "order".
        order: the number that it names instead of the true one, with "order" in *wrong*; "" makes one up.
        stale_s: how far back its stamp lies.
        charset: written in this charset instead of the agreed one; "" keeps to the agreement.
        extra_fields: how many fields nobody has heard of it carries, signed like the others.
        spelling: another lawful way to write the same, by a word of the fault's; "" is the usual one.
        unknown_method: it declares a method of signing that nobody has heard of, whatever its signature was made by.
        misread: with a damaged seal: signed over what a common misreading of the rules makes of it.
        read_slowly_s: how long the platform takes to read the merchant's answer.
        ignore_ack: the acknowledgement is not believed.
    """

    kind: Kind
    offset_s: float = 0.0
    wave: int = 0
    fault: str = ""
    seal: Seal = Seal.TRUE
    add_fen: int = 0
    currency: str = ""
    failed: bool = False
    finished: bool = False
    flawed: bool = False
    coupon_fen: int = 0
    wrong: frozenset[str] = frozenset()
    order: str = ""
    stale_s: float = 0.0
    charset: str = ""
    extra_fields: int = 0
    spelling: str = ""
    unknown_method: bool = False
    misread: str = ""
    read_slowly_s: float = 0.0
    ignore_ack: bool = False

    @property
    def forged(self) -> bool:
        """Whether its signature is not the platform's over what it says."""
        return not self.seal.genuine

    @property
    def says_otherwise(self) -> bool:
        """Whether it says something else than happened, and so is another notify than the true one."""
        return bool(self.add_fen or self.currency or self.failed or self.wrong)

    def off_fen(self, *, named: bool) -> int:
        """How much its amounts differ, for a message that names a currency or does not."""
        return self.add_fen or (UNNAMED_FEN if self.currency and not named else 0)


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Keep the attempt back until others of the same order have gone first, or `hold_s` have passed.

    Args:
        behind: how many later ones.
        event: only such events count; "" means all.
        calls: instead of events, the merchant's answered calls count whose names hold one of these words.
    """

    behind: int
    hold_s: float
    event: str = ""
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DayChange:
    """
    Keep the attempt back until the day changes.

    Args:
        cut_hour: the hour in Beijing at which it does.
        after_s: how long after that.
    """

    cut_hour: int
    after_s: float


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
    day_change: DayChange | None = None
    hold: Hold | None = None
    lost: bool = False
    ladder_over: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """
    What a fault asks the provider itself to do with one answer, since only the vendor's own code knows its words.

    Args:
        refuse: "" for no refusal; "system_error", "busy", "in_process", or a code of the vendor's own.
        work: with a refusal: whether the work is done all the same.
        seal: whose signature the answer bears.
        stale_s: how far back the answer's own stamp lies, where the protocol has one.
        undone: the work is done, answered as it went, and then taken back; where a vendor never does that, it is not.
        probe: signed wrongly in the vendor's own way, to see who looks; where a vendor has none, it says nothing.
        spelling: another lawful way to write the same, by a word of the fault's; "" is the usual one.
        astray: what the answer names is another's, which went well: "order" or "amount"; one that names neither says
            the truth.
        refund_fails: a refund is accepted as ever and fails afterwards; other calls have no such end.
        finished, flawed, coupon_fen: a payment that was made is told so, as in a notify.
        stuck_s: with it: the refund does not fail, but is stuck for so long where the vendor has a word for that.
    """

    refuse: str = ""
    work: bool = True
    seal: Seal = Seal.TRUE
    stale_s: float = 0.0
    undone: bool = False
    probe: bool = False
    spelling: str = ""
    astray: str = ""
    finished: bool = False
    flawed: bool = False
    coupon_fen: int = 0
    refund_fails: bool = False
    stuck_s: float = 0.0


PLAIN_SHAPE = AnswerShape()


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """
    One answer, as far as it is not the provider's business.

    Args:
        work: False: the request is read and nothing is done.
        delay_before_s: how long the work waits.
        delay_s: how long the answer is kept once the work is done.
        after_notify_s: how long it is kept at most for a notify of the order to be delivered first; 0 does not wait.
        hang_up: instead of an answer: "close" ends the connection, "reset" tears it down.
        status: answered with this HTTP status and a body that is not the vendor's; None leaves the answer alone.
        cut: the share of the body that is sent before the connection ends; 1.0 is all of it.
        drip_s: how long the body takes to be sent.
        mangle: the body is no longer what its content type says.
        shape: the provider's part.
    """

    work: bool = True
    delay_before_s: float = 0.0
    delay_s: float = 0.0
    after_notify_s: float = 0.0
    hang_up: Literal["", "close", "reset"] = ""
    status: int | None = None
    cut: float = 1.0
    drip_s: float = 0.0
    mangle: bool = False
    shape: AnswerShape = PLAIN_SHAPE
    faults: tuple[str, ...] = ()


PLAIN_DELIVERY = DeliveryPlan()
PLAIN_REPLY = ReplyPlan()


class FaultPlanner(Protocol):
    """Decides, once for each question, what goes wrong."""

    def plan_notify(self, question: Question) -> DeliveryPlan:
        """How to deliver this attempt."""
        ...

    def plan_reply(self, *, provider: str, label: str, order: str, api: str, merchant: str = "") -> ReplyPlan:
        """How to answer; counts the attempt itself."""
        ...


class NotifyWatch(Protocol):
    """What a server may ask of the notifier, so that answers and notifies can come in an order that somebody wants."""

    def told(self, order: OrderKey) -> asyncio.Future[None]:
        """Done when the next true notify of *order* has been delivered and answered; cancel it to wait no more."""
        ...

    def waits_for_call(self, order: OrderKey) -> bool:
        """Whether a notify of *order* is kept back until some call of the merchant's has been answered."""
        ...

    def called(self, order: OrderKey, api: str) -> None:
        """Such a call has been answered."""
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

    def dump(self) -> dict[str, object]:
        """What must survive a restart, as plain JSON."""
        ...

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Go on where `dump` stood; refuses with `RulesRefused` and keeps what was there."""
        ...


_COUNTED_KINDS = {
    Kind.DUPLICATE: "notifies_duplicate",
    Kind.FORGED: "notifies_forged",
    Kind.TAMPERED: "notifies_tampered",
    Kind.PROBE: "notifies_probes",
    Kind.STRAY: "notifies_stray",
    Kind.REPLAYED: "notifies_replayed",
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
    notifies_probes: int = 0
    notifies_stray: int = 0
    notifies_replayed: int = 0
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
        self.notifies_delayed += plan.delay_s > 0 or plan.day_change is not None
        self.notifies_reordered += plan.hold is not None

    def as_json(self) -> dict[str, object]:
        """The numbers by name."""
        return asdict(self)
