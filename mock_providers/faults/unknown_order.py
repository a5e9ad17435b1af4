"""A correctly signed notify about an order that this merchant never made, or made over another channel."""

from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class UnknownOrder(Fault):
    """
    An extra delivery before the true one, with another order number in it.

    Args:
        number: the number that it names, such as that of an order over another channel; "" makes one up.
    """

    name: ClassVar[str] = "unknown_order"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    number: str = Field(default="", pattern=r"^[0-9A-Za-z_|*-]{0,64}$")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        stray = PlannedDelivery(Kind.STRAY, wrong=frozenset({"order"}), order=self.number, fault=self.name)
        return sent_before(plan, stray)
