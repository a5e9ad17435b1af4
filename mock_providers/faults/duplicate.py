"""The same notify several times: one after another, spaced out, or all at the same moment."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery
from mock_providers.faults.base import Fault


class Duplicate(Fault):
    """
    Args:
        copies: how many copies follow the true one; 2 means three deliveries in all.
        spacing_s: schedule time between one copy and the next.
        concurrent: all copies leave together with the true one, whatever the spacing.
    """

    name: ClassVar[str] = "duplicate"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    copies: int = Field(default=1, ge=1, le=64)
    spacing_s: float = Field(default=0.0, ge=0, le=86_400)
    concurrent: bool = False

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Copies of the true delivery, after it or beside it."""
        last = max(plan.deliveries, key=lambda one: (one.offset_s, one.wave))
        copies = tuple(
            PlannedDelivery(
                Kind.DUPLICATE,
                offset_s=last.offset_s + (0.0 if self.concurrent else self.spacing_s * number),
                wave=last.wave if self.concurrent else last.wave + number,
                fault=self.name,
            )
            for number in range(1, self.copies + 1)
        )
        return replace(plan, deliveries=plan.deliveries + copies)
