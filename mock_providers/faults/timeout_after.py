"""The unknown outcome: the work is done, and the line stays silent until it closes without an answer."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class TimeoutAfter(Fault):
    """
    No answer, though everything was done.

    Args:
        hold_s: how long the line stays open and silent, in the stamp clock's time; a client may lose patience sooner.
    """

    name: ClassVar[str] = "timeout_after"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    hold_s: float = Field(default=0.0, ge=0, le=86_400)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Do the work, keep silent, hang up."""
        return replace(plan, delay_s=plan.delay_s + self.hold_s, hang_up="close", faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange is lost."""
        return place == "reply"
