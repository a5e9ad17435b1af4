"""The platform tests the merchant: a notify with a signature that must be refused."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class SignatureProbe(Fault):
    """An extra delivery before the true one; WeChat Pay's own probes look so, others get a stranger's signature."""

    name: ClassVar[str] = "signature_probe"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        return sent_before(plan, PlannedDelivery(Kind.PROBE, seal=Seal.FOREIGN, fault=self.name))
