"""Copies of notifies, and the attempts that they belong to, as the notifier holds them and shows them to others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mock_providers.core.clock import Scheduled
from mock_providers.core.plans import DeliveryPlan, PlannedDelivery
from mock_providers.core.provider import Notice, OutgoingNotify


@dataclass(slots=True, eq=False)
class Delivery:
    """One copy on its way; `state` is pending, held, sending or done."""

    seq: int
    attempt: "Attempt"
    planned: PlannedDelivery
    due_s: float
    state: str = "pending"
    answer: Mapping[str, object] | None = None
    acked: bool = False

    @property
    def id(self) -> str:
        """The id in the control API."""
        return f"n{self.seq}"

    @property
    def faults(self) -> tuple[str, ...]:
        """The fault that added this copy first, then what struck the whole attempt."""
        own = self.planned.fault
        return ((own,) if own else ()) + self.attempt.plan.faults


@dataclass(slots=True, eq=False)
class Attempt:
    """
    One rung of the ladder for one notice.

    Args:
        sent: the bytes of the true copy, for as long as a replay may repeat them.
        deliveries: the copies that are not done; those that are know their attempt, and it knows them by number. So
            what is over goes round in no circle, which a collector that spares the old would never find.
        numbers: of all its copies.
    """

    notice: Notice
    number: int
    due_s: float
    plan: DeliveryPlan
    base_s: float
    open: int = 0
    acked: bool = False
    sent: OutgoingNotify | None = None
    jobs: list[Scheduled] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def let_go(self) -> None:
        """Hold on to nothing that is on its way."""
        self.jobs.clear()
        self.deliveries.clear()
        self.sent = None


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which copies somebody asks for; None asks for all.

    Args:
        state: "pending" is anything that is not "done".
    """

    state: str | None = None
    provider: str | None = None
    order: str | None = None
    merchant: str | None = None

    def holds(self, delivery: Delivery) -> bool:
        """Whether *delivery* is one of them."""
        notice = delivery.attempt.notice
        return (
            (self.state is None or (delivery.state == "done") == (self.state == "done"))
            and (self.provider is None or notice.provider == self.provider)
            and (self.order is None or notice.out_trade_no == self.order)
            and (self.merchant is None or notice.merchant_id == self.merchant)
        )
