"""Answered as paid, and then taken back: the platform rolls the payment back, and only a query tells."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class RolledBack(Fault):
    """The answer says success; afterwards the trade is closed and no money has moved."""

    name: ClassVar[str] = "rolled_back"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider undoes its work, if payments of its kind can be undone."""
        shape = replace(plan.shape, undone=True)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The answer cannot be relied on."""
        return place == "reply"
