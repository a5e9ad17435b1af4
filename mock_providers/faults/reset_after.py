"""The work is done and the connection is torn down: the client sees "connection reset by peer"."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class ResetAfter(Fault):
    """A reset, though everything was done."""

    name: ClassVar[str] = "reset_after"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Do the work, tear the line down."""
        return replace(plan, hang_up="reset", faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange is lost."""
        return place == "reply"
