"""A middle box answers for the platform: HTTP 500, 502, 503 or 504 with a page that is in no vendor's words."""

from dataclasses import replace
from typing import ClassVar, Literal

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class HttpError(Fault):
    """
    Args:
        status: of the answer.
        work: whether the platform behind it did the work all the same.
    """

    name: ClassVar[str] = "http_error"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    status: Literal[500, 502, 503, 504] = 502
    work: bool = False

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """A page of HTML instead of the answer."""
        return replace(plan, work=plan.work and self.work, status=self.status, faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """The exchange says nothing."""
        return place == "reply"
