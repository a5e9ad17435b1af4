"""A notify that never arrives: this attempt and the rest of the ladder are lost."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place
from mock_providers.faults.base import Fault


class DropAll(Fault):
    """Loses this attempt and every later one."""

    name: ClassVar[str] = "drop_all"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Nothing true leaves any more."""
        return replace(plan, ladder_over=True, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """So is everything after it."""
        return place == "notify"

    @property
    def hopeless(self) -> bool:
        """The ladder is over."""
        return True
