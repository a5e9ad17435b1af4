"""A truly signed answer that is about another order, or over another amount."""

from dataclasses import replace
from typing import ClassVar, Literal

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class AnotherAnswer(Fault):
    """
    The work is done; what comes back is somebody else's, as from a cache or from who has kept a signed answer.

    Args:
        which: what differs; an answer that names neither says the truth.
    """

    name: ClassVar[str] = "another_answer"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    which: Literal["order", "amount"] = "order"

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider signs it as ever."""
        return replace(plan, shape=replace(plan.shape, astray=self.which), faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """A correct client takes it for no answer."""
        return place == "reply"
