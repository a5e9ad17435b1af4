"""A truly signed notify that says that the payment has failed, with its amount and everything else in place."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Kind, Place
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class SaysFailed(Fault):
    """
    Every copy of the attempt says so in the vendor's own word; later attempts tell the truth.

    Who looks at the amount and not at the result takes it for a payment.
    """

    name: ClassVar[str] = "says_failed"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt tells of the payment, so whatever the merchant answers, the ladder goes on."""
        return every_true_copy(plan, self.name, kind=Kind.STRAY, failed=True)

    def costs(self, place: Place) -> bool:
        """The attempt tells nothing that counts."""
        return place == "notify"
