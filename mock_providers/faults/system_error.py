"""The vendor's own "system error": the outcome is unknown, for the work may have been done or not."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class SystemErrorReply(Fault):
    """
    Args:
        work: whether the work is done all the same.
    """

    name: ClassVar[str] = "system_error"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    work: bool = True

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider says so in its own code."""
        shape = replace(plan.shape, refuse="system_error", work=self.work)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange says nothing."""
        return place == "reply"
