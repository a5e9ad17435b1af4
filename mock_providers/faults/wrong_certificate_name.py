"""The truth under a good certificate of the same authority that names somebody else."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import answered_under, told_under


class WrongCertificateName(Fault):
    """
    Chain, dates and signature are in order; the name is a merchant's, and any merchant could have had it issued.

    Where a vendor shows no certificate with what it says, a stranger's key signs.
    """

    name: ClassVar[str] = "wrong_certificate_name"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt may be believed."""
        return told_under(plan, self.name, Seal.WRONG_NAME)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so; the work is done."""
        return answered_under(plan, self.name, Seal.WRONG_NAME)

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A correct client believes none of it."""
        return True
