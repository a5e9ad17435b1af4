"""The truth under a key that is not the platform's: an answer, or all true copies of an attempt."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Kind, Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class WrongKey(Fault):
    """
    What was to be said is said, and a stranger's key signs it.

    Nothing of such an attempt may be believed, so whatever the merchant answers the ladder goes on to the next rung.
    """

    name: ClassVar[str] = "wrong_key"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """No copy of this attempt is genuine."""
        return every_true_copy(plan, self.name, kind=Kind.FORGED, seal=Seal.FOREIGN)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so; the work is done."""
        shape = replace(plan.shape, seal=Seal.FOREIGN)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A correct client believes none of it."""
        return True
