"""A stranger's notify: the right words under a signature that is not the platform's."""

from typing import ClassVar, Literal

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class ForgedSignature(Fault):
    """
    An extra delivery before the true one.

    Args:
        seal: "foreign" is a stranger's key, "damaged" the platform's signature of something else, "none" no signature.
        misread: with "damaged": signed over what a misreading of the vendor's rules makes of it, "sign_type" left in
            or "empty_values" that were not sent; where rules cannot be misread so, over other bytes.
        method: "unknown" declares a method of signing that nobody has heard of.
    """

    name: ClassVar[str] = "forged_signature"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    seal: Literal["foreign", "damaged", "none"] = "foreign"
    misread: Literal["", "sign_type", "empty_values"] = ""
    method: Literal["", "unknown"] = ""

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        forged = PlannedDelivery(
            Kind.FORGED,
            seal=Seal(self.seal),
            unknown_method=self.method == "unknown",
            misread=self.misread,
            fault=self.name,
        )
        return sent_before(plan, forged)
