"""The merchant acknowledges, and the platform does not take notice: the ladder goes on."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class AckIgnored(Fault):
    """No acknowledgement of this attempt counts."""

    name: ClassVar[str] = "ack_ignored"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Of no true copy."""
        return every_true_copy(plan, self.name, ignore_ack=True)
