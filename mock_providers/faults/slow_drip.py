"""An answer that comes drop by drop, so that a timeout for each read never trips and only one for the whole does."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class SlowDrip(Fault):
    """
    Args:
        seconds: how long the body takes, in the stamp clock's time.
    """

    name: ClassVar[str] = "slow_drip"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    seconds: float = Field(default=10.0, gt=0, le=86_400)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Send slowly."""
        return replace(plan, drip_s=plan.drip_s + self.seconds, faults=(*plan.faults, self.name))

    @property
    def wait_s(self) -> float:
        """All of it."""
        return self.seconds
