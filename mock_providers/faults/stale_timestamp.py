"""A stamp from long ago under a true signature: an old answer, or one more notify before the fresh one."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class StaleTimestamp(Fault):
    """
    Args:
        seconds: how far back the stamp lies.
    """

    name: ClassVar[str] = "stale_timestamp"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    seconds: float = Field(default=3600.0, gt=0, le=31_536_000)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy in front, as if it had been caught back then; no ladder ends by it."""
        return sent_before(plan, PlannedDelivery(Kind.REPLAYED, stale_s=self.seconds, fault=self.name))

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The answer's own stamp, where the protocol has one."""
        shape = replace(plan.shape, stale_s=plan.shape.stale_s + self.seconds)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """A client that looks at stamps refuses such an answer."""
        return place == "reply"
