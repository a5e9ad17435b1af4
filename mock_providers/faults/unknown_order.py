"""A correctly signed notify about an order that this merchant never made."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class UnknownOrder(Fault):
    """An extra delivery before the true one, with another order number in it."""

    name: ClassVar[str] = "unknown_order"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        return sent_before(plan, PlannedDelivery(Kind.STRAY, wrong=frozenset({"order"}), fault=self.name))
