"""A body that is not what its content type says: whole, of the right length, and in no language."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class MalformedBody(Fault):
    """The halves of the body change places; the work is done."""

    name: ClassVar[str] = "malformed_body"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Spoil the body."""
        return replace(plan, mangle=True, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange says nothing."""
        return place == "reply"
