"""The notify that comes too late: it leaves when the merchant has asked to close, cancel or reverse the order."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Hold, Place
from mock_providers.faults.base import Fault

_ENDINGS = ("close", "cancel", "reverse")


class AfterClose(Fault):
    """
    Args:
        hold_s: schedule time after which it leaves even if nobody closes anything.
    """

    name: ClassVar[str] = "after_close"
    places: ClassVar[tuple[Place, ...]] = ("notify",)
    usual_api: ClassVar[str] = "payment"

    hold_s: float = Field(default=3600.0, gt=0, le=2_592_000)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The whole attempt waits for such a call to be answered."""
        hold = Hold(behind=1, hold_s=self.hold_s, calls=_ENDINGS)
        return replace(plan, hold=hold, faults=(*plan.faults, self.name))
