"""Nothing is done and the connection is torn down: the client sees "connection reset by peer"."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class ResetBefore(Fault):
    """A reset, and nothing was done."""

    name: ClassVar[str] = "reset_before"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Do nothing, tear the line down."""
        return replace(plan, work=False, hang_up="reset", faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange is lost."""
        return place == "reply"
