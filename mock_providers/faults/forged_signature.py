"""A stranger's notify: the right words under a signature that is not the platform's."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class ForgedSignature(Fault):
    """An extra delivery before the true one, signed by a key that is not the platform's."""

    name: ClassVar[str] = "forged_signature"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        return sent_before(plan, PlannedDelivery(Kind.FORGED, seal=Seal.FOREIGN, fault=self.name))
