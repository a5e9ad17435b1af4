"""Too many calls: the vendor's own code for a frequency limit, nothing done."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class Busy(Fault):
    """Asked to come back later."""

    name: ClassVar[str] = "busy"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider says so in its own code."""
        shape = replace(plan.shape, refuse="busy", work=False)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange is refused."""
        return place == "reply"
