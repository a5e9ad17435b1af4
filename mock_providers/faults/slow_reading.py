"""The platform takes its time to read the merchant's answer, and a worker of the merchant's is tied up meanwhile."""

from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Place
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class SlowReading(Fault):
    """
    Args:
        seconds: how long the answer takes to be read, in the stamp clock's time.
    """

    name: ClassVar[str] = "slow_reading"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    seconds: float = Field(default=5.0, gt=0, le=3600)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Of every true copy."""
        return every_true_copy(plan, self.name, read_slowly_s=self.seconds)
