"""Lateness: a notify that leaves later than it could, or an answer that takes its time."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan
from mock_providers.faults.base import Fault


class Delay(Fault):
    """
    Args:
        seconds: schedule time for a notify, the stamp clock's time for an answer.
    """

    name: ClassVar[str] = "delay"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    seconds: float = Field(gt=0, le=2_592_000)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The whole attempt leaves later."""
        return replace(plan, delay_s=plan.delay_s + self.seconds, faults=(*plan.faults, self.name))

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The work is done at once, the answer comes late."""
        return replace(plan, delay_s=plan.delay_s + self.seconds, faults=(*plan.faults, self.name))

    @property
    def wait_s(self) -> float:
        """All of it, where it strikes an answer."""
        return self.seconds
