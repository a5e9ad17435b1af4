"""A call that is held up on its way: the provider does the work later, whether or not anybody still waits for it."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class HeldUp(Fault):
    """
    The work is done late, and answered then.

    Args:
        seconds: how late, in the stamp clock's time; calls that are made meanwhile find nothing done.
    """

    name: ClassVar[str] = "held_up"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    seconds: float = Field(default=5.0, gt=0, le=86_400)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Wait, then do the work."""
        waited_s = plan.delay_before_s + self.seconds
        return replace(plan, delay_before_s=waited_s, faults=(*plan.faults, self.name))

    @property
    def wait_s(self) -> float:
        """All of it."""
        return self.seconds
