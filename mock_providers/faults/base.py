"""What a fault is: validated parameters, the places where it may strike, and how it reshapes a plan."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan


class Fault(BaseModel):
    """
    A fault with its parameters; the class variables name it.

    A fault takes a plan and returns another. Faults never see each other: `plan.py` says in which order they come.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    places: ClassVar[tuple[Place, ...]]

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """What becomes of an attempt to deliver."""
        return plan

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """What becomes of an answer."""
        return plan
