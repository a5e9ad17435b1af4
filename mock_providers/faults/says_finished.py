"""A payment that is told as finished: it was made, and can be refunded no more."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy, sent_after


class SaysFinished(Fault):
    """
    Only Alipay has a word for it; elsewhere a notify or an answer says what it always says.

    Args:
        after_s: 0 says so from the first, as of products without refunds; otherwise it is told once more, so much later
            and as an event of its own, as when the time for refunds is over.
    """

    name: ClassVar[str] = "says_finished"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    after_s: float = Field(default=0.0, ge=0, le=366 * 86_400.0)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Every true copy says so, or one more that comes later."""
        if not self.after_s:
            return every_true_copy(plan, self.name, finished=True)
        again = PlannedDelivery(Kind.DUPLICATE, offset_s=self.after_s, fault=self.name, finished=True)
        return sent_after(plan, again)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The answer to a query says so."""
        shape = replace(plan.shape, finished=True)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))
