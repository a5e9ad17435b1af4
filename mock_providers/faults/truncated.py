"""Half an answer: the head promises more than comes before the connection ends; the work is done."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class Truncated(Fault):
    """
    Args:
        share: how much of the body is sent, 0 to 1.
    """

    name: ClassVar[str] = "truncated"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    share: float = Field(default=0.5, ge=0, lt=1)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Cut the body."""
        return replace(plan, cut=min(plan.cut, self.share), faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange is lost."""
        return place == "reply"
