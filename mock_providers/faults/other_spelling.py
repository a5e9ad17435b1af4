"""The same thing in another lawful spelling, signed so: whoever verifies what it understood, not what came, fails."""

from dataclasses import replace
from typing import ClassVar, Literal

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class OtherSpelling(Fault):
    """
    Args:
        spelling: a protocol that has no such spelling writes as ever. Of answers: "spaced", "reordered",
            "escaped_slashes", "braces". Of notifies: "short_amounts" (88.8), "percent_spaces", "empty_field", "spaced".
    """

    name: ClassVar[str] = "other_spelling"
    places: ClassVar[tuple[Place, ...]] = ("reply", "notify")

    spelling: Literal[
        "spaced", "reordered", "escaped_slashes", "braces", "short_amounts", "percent_spaces", "empty_field"
    ] = "spaced"

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Every true copy."""
        return every_true_copy(plan, self.name, spelling=self.spelling)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The answer; the work is done."""
        shape = replace(plan.shape, spelling=self.spelling)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))
