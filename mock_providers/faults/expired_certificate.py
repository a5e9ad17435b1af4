"""The truth under a certificate of the platform's whose time is over."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import answered_under, told_under


class ExpiredCertificate(Fault):
    """
    Chain, name and signature are in order; only the dates are not.

    Where a vendor shows no certificate with what it says, a stranger's key signs.
    """

    name: ClassVar[str] = "expired_certificate"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt may be believed."""
        return told_under(plan, self.name, Seal.EXPIRED)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so; the work is done."""
        return answered_under(plan, self.name, Seal.EXPIRED)

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A correct client believes none of it."""
        return True
