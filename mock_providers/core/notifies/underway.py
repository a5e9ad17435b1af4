"""Deliveries that are under way, as data that outlives the process that planned them."""

from dataclasses import dataclass

from mock_providers.core.plans import DeliveryPlan, PlannedDelivery
from mock_providers.core.provider import Notice


@dataclass(frozen=True, slots=True)
class Copy:
    """
    One copy that has not been sent.

    Args:
        held: kept back by hand.
    """

    seq: int
    planned: PlannedDelivery
    due_s: float
    held: bool = False


@dataclass(frozen=True, slots=True)
class Underway:
    """
    One rung of the ladder of one notice, as far as it is still to be climbed.

    Args:
        behind: how many others must still go first; None when it waits for nobody.
    """

    notice: Notice
    number: int
    due_s: float
    base_s: float
    plan: DeliveryPlan
    acked: bool
    behind: int | None
    copies: tuple[Copy, ...]
