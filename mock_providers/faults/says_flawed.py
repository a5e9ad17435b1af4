"""A payment that is told as a success with a defect: it was made, and somebody is to look at it."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class SaysFlawed(Fault):
    """
    Every copy, or the answer, says so in the vendor's word, where there is one: UnionPay's A6.

    Who knows one word for success only takes it for a failure.
    """

    name: ClassVar[str] = "says_flawed"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The true copies say it."""
        return every_true_copy(plan, self.name, flawed=True)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """An answer about a payment that was made says it; any other is as ever."""
        return replace(plan, shape=replace(plan.shape, flawed=True), faults=(*plan.faults, self.name))
