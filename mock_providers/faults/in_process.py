"""The vendor's "still in process" (10003, USERPAYING): neither success nor failure, ask again later."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class InProcess(Fault):
    """
    Args:
        work: whether the money moves all the same, unseen by this answer; otherwise the buyer has still to act.
    """

    name: ClassVar[str] = "in_process"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    work: bool = True

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider says so in its own code."""
        shape = replace(plan.shape, refuse="in_process", work=self.work)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The client has to ask again."""
        return place == "reply"
