"""The truth under a key that is not the platform's: an answer, or all true copies of an attempt."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import answered_under, told_under


class WrongKey(Fault):
    """
    What was to be said is said, and a stranger's key signs it; a certificate that is shown, it made itself.

    Nothing of such an attempt may be believed, so whatever the merchant answers the ladder goes on to the next rung.
    """

    name: ClassVar[str] = "wrong_key"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt may be believed."""
        return told_under(plan, self.name, Seal.FOREIGN)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so; the work is done."""
        return answered_under(plan, self.name, Seal.FOREIGN)

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A correct client believes none of it."""
        return True
