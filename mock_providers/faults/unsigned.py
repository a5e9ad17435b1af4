"""An answer without any signature, as gateways in front of a platform send it."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault


class Unsigned(Fault):
    """A true answer that nobody has signed; the work is done."""

    name: ClassVar[str] = "unsigned"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider leaves the signature out."""
        shape = replace(plan.shape, seal=Seal.NONE)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """A correct client believes none of it."""
        return place == "reply"
