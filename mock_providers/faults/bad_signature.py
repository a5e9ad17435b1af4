"""An answer whose signature does not fit: the platform's own, over other bytes."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan, Seal
from mock_providers.faults.base import Fault


class BadSignature(Fault):
    """A true answer under a damaged signature; the work is done."""

    name: ClassVar[str] = "bad_signature"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so."""
        shape = replace(plan.shape, seal=Seal.DAMAGED)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """A correct client believes none of it."""
        return place == "reply"
