"""Notifies out of order: an event that is overtaken by later events of the same order."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Hold, Place
from mock_providers.faults.base import Fault


class Reorder(Fault):
    """
    Args:
        behind: how many later events of the order go first.
        hold_s: schedule time after which it leaves even if nothing overtook it.
    """

    name: ClassVar[str] = "reorder"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    behind: int = Field(default=1, ge=1, le=16)
    hold_s: float = Field(default=1.0, gt=0, le=86_400)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The whole attempt waits."""
        return replace(plan, hold=Hold(behind=self.behind, hold_s=self.hold_s), faults=(*plan.faults, self.name))
