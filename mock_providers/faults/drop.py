"""A delivery lost on its way; the platform believes that it failed, and the ladder goes on."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place
from mock_providers.faults.base import Fault


class Drop(Fault):
    """Loses this attempt with all its true copies."""

    name: ClassVar[str] = "drop"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Nothing true leaves in this attempt."""
        return replace(plan, lost=True, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The delivery is lost."""
        return place == "notify"
