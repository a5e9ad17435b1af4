"""A refund that is accepted like any other, and does not arrive: it fails afterwards, or gets stuck on its way."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class RefundFails(Fault):
    """
    The answer says what it always says; how the refund ended is asked, or told where the vendor tells it.

    Args:
        stuck_s: instead of failing it is stuck for so long, where the vendor has a word for that, and then arrives.
    """

    name: ClassVar[str] = "refund_fails"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    stuck_s: float = Field(default=0.0, ge=0, le=30 * 86_400.0)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Only a call for a refund has an end of that kind; any other is answered as ever."""
        shape = replace(plan.shape, refund_fails=True, stuck_s=self.stuck_s)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """What was accepted does not happen."""
        return place == "reply"
