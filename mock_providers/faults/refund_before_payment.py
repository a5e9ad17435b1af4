"""A refund is told before the payment that it takes back."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Hold, Place
from mock_providers.faults.base import Fault


class RefundBeforePayment(Fault):
    """
    Args:
        hold_s: schedule time after which the payment is told even if nothing was refunded.
    """

    name: ClassVar[str] = "refund_before_payment"
    places: ClassVar[tuple[Place, ...]] = ("notify",)
    usual_api: ClassVar[str] = "payment"

    hold_s: float = Field(default=3600.0, gt=0, le=2_592_000)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The whole attempt waits for a refund of the order to be told."""
        hold = Hold(behind=1, hold_s=self.hold_s, event="refund")
        return replace(plan, hold=hold, faults=(*plan.faults, self.name))
