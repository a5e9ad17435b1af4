"""The notify overtakes the answer: what the call has brought about is told before the call is answered."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class BeforeResponse(Fault):
    """
    The work is done at once; the answer is kept until a true notify of the order has been delivered and answered.

    Args:
        patience_s: how long at most, in the stamp clock's time: an order whose buyer does nothing has no notify.
    """

    name: ClassVar[str] = "before_response"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    patience_s: float = Field(default=1.0, gt=0, le=86_400)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Keep the answer."""
        return replace(plan, after_notify_s=self.patience_s, faults=(*plan.faults, self.name))

    @property
    def wait_s(self) -> float:
        """At most."""
        return self.patience_s
