"""A coupon pays a part: the order is paid whole, and the buyer has paid less than it is over."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class Coupon(Fault):
    """
    What is told of a payment names both amounts; laid on notifies and on answers, both tell the same.

    Args:
        off_fen: what the coupon is worth; of a cheaper order it leaves a fen to pay.
    """

    name: ClassVar[str] = "coupon"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    off_fen: int = Field(default=100, ge=1, le=1_000_000)

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Every true copy tells of it."""
        return every_true_copy(plan, self.name, coupon_fen=self.off_fen)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """So do answers that tell of a payment which was made; others have nothing to tell."""
        shape = replace(plan.shape, coupon_fen=self.off_fen)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))
