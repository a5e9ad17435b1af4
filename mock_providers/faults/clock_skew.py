"""The platform's clock is off: every stamp of an answer, or of an attempt's true copies, is shifted."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field, field_validator

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy

# What WeChat Pay tells its merchants to allow; the other protocols have no window.
_TOLERATED_S = 300.0


class ClockSkew(Fault):
    """
    Args:
        seconds: how far ahead the platform's clock is; below 0 it is behind.
    """

    name: ClassVar[str] = "clock_skew"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    seconds: float = Field(default=240.0, ge=-31_536_000, le=31_536_000)

    @field_validator("seconds")
    @classmethod
    def _shifts_something(cls, value: float) -> float:
        if value == 0:
            raise ValueError("a clock that is 0 s off is right")
        return value

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """The stamp of every true copy."""
        return every_true_copy(plan, self.name, stale_s=-self.seconds)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The answer's own stamp, where the protocol has one."""
        shape = replace(plan.shape, stale_s=plan.shape.stale_s - self.seconds)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:  # noqa: ARG002  at both places
        """A client that looks at stamps refuses what lies outside its window."""
        return abs(self.seconds) >= _TOLERATED_S
