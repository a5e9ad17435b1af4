"""Fields that nobody has heard of, signed like all others: platforms add some whenever they like."""

from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Place
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class ExtraFields(Fault):
    """
    Args:
        count: how many.
    """

    name: ClassVar[str] = "extra_fields"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    count: int = Field(default=1, ge=1, le=100)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """In every true copy of the attempt."""
        return every_true_copy(plan, self.name, extra_fields=self.count)
