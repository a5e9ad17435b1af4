"""A correctly signed notify of somebody else's: it names another merchant, or another application."""

from typing import ClassVar, Literal

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class WrongRecipient(Fault):
    """
    An extra delivery before the true one.

    Args:
        which: what names somebody else.
    """

    name: ClassVar[str] = "wrong_recipient"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    which: Literal["merchant", "app"] = "merchant"

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        return sent_before(plan, PlannedDelivery(Kind.STRAY, wrong=frozenset({self.which}), fault=self.name))
