"""Somebody who listened sends a notify again, byte for byte, long after it was acknowledged."""

from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_after


class ReplayedNotify(Fault):
    """
    An extra delivery after the true one: the very bytes of it.

    Args:
        after_s: how much later, in schedule time.
        stale_s: 0 repeats the bytes; more writes them as they would have been caught that long ago, stamp included.
    """

    name: ClassVar[str] = "replayed_notify"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    after_s: float = Field(default=3600.0, ge=0, le=2_592_000)
    stale_s: float = Field(default=0.0, ge=0, le=31_536_000)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, at the end."""
        replay = PlannedDelivery(Kind.REPLAYED, offset_s=self.after_s, stale_s=self.stale_s, fault=self.name)
        return sent_after(plan, replay)
