"""The day changes in between: a notify that arrives on another settlement day than the payment belongs to."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DayChange, DeliveryPlan, Place
from mock_providers.faults.base import Fault


class SettlementDay(Fault):
    """
    Args:
        cut_hour: the hour in Beijing at which the vendor's settlement day ends: 0 for most, 23 for UnionPay.
        after_s: how long after that moment the notify leaves, in schedule time.
    """

    name: ClassVar[str] = "settlement_day"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    cut_hour: int = Field(default=0, ge=0, le=23)
    after_s: float = Field(default=1.0, ge=0, le=86_400)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The whole attempt waits for the next day; what it tells stays as of the payment."""
        change = DayChange(cut_hour=self.cut_hour, after_s=self.after_s)
        return replace(plan, day_change=change, faults=(*plan.faults, self.name))
