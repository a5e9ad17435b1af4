"""A notify written in another charset than was agreed; where the protocol names the charset it names this one."""

from typing import ClassVar, Literal

from mock_providers.core.plans import DeliveryPlan, Place
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import every_true_copy


class WrongEncoding(Fault):
    """
    Args:
        charset: of every true copy of the attempt.
    """

    name: ClassVar[str] = "wrong_encoding"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    charset: Literal["gbk", "utf-8"] = "gbk"

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """Written so, and signed so."""
        return every_true_copy(plan, self.name, charset=self.charset)

    def costs(self, place: Place) -> bool:
        """A client may refuse what it cannot read; the next rung comes in the same charset only if a rule says so."""
        return place == "notify"
