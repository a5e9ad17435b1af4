"""The truth in the platform's own hand, by a weaker method than was agreed."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import answered_under, told_under


class SignatureDowngrade(Fault):
    """
    RSA where RSA2 was agreed, MD5 for HMAC-SHA256, a keyed digest for a certificate; the message says so itself.

    A merchant who takes messages at their word is as safe as the weakest method there is. Where a vendor has none that
    is weaker than the one agreed, a stranger's key signs.
    """

    name: ClassVar[str] = "signature_downgrade"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt may be believed."""
        return told_under(plan, self.name, Seal.WEAKER)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so; the work is done."""
        return answered_under(plan, self.name, Seal.WEAKER)

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A correct client believes none of it."""
        return True
