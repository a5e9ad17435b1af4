"""Any code of the vendor's own, on demand: a seller without balance, a limit, a wrong state."""

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class Refuse(Fault):
    """
    Args:
        code: as the vendor writes it, such as "ACQ.SELLER_BALANCE_NOT_ENOUGH".
        work: whether the work is done all the same.
    """

    name: ClassVar[str] = "refuse"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    code: str = Field(min_length=1, max_length=100)
    work: bool = False

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider answers with this code, signed as it signs all its refusals."""
        shape = replace(plan.shape, refuse=self.code, work=self.work)
        return replace(plan, shape=shape, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange is refused."""
        return place == "reply"
