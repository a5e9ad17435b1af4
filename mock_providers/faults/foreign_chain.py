"""The truth under a certificate with the platform's name that hangs on a root of the forger's own."""

from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import answered_under, told_under


class ForeignChain(Fault):
    """
    Dates, name and signature are in order; nobody who is trusted has issued it.

    Where a vendor only names its certificate, the name is one that no list has; where it does neither, a stranger's key
    signs.
    """

    name: ClassVar[str] = "foreign_chain"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt may be believed."""
        return told_under(plan, self.name, Seal.FOREIGN_CHAIN)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so; the work is done."""
        return answered_under(plan, self.name, Seal.FOREIGN_CHAIN)

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A correct client believes none of it."""
        return True
