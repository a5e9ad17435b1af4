"""The platform has changed its certificate: answers and notifies are signed by the next key, which can be fetched."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class CertificateRotation(Fault):
    """
    Signed by the platform's next certificate, whose serial number stands where the protocol puts it.

    A protocol that names no certificate has nothing to rotate; there it signs as ever.
    """

    name: ClassVar[str] = "certificate_rotation"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Every true copy."""
        return every_true_copy(plan, self.name, seal=Seal.NEXT)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The answer; the work is done."""
        shape = replace(plan.shape, seal=Seal.NEXT)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A client that cannot fetch the next certificate fails closed."""
        return True
