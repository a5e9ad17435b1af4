"""The unknown outcome: the work is done and the connection closes without an answer."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import Place, ReplyPlan
from mock_providers.faults.base import Fault


class TimeoutAfter(Fault):
    """No answer, though everything was done."""

    name: ClassVar[str] = "timeout_after"
    places: ClassVar[tuple[Place, ...]] = ("reply",)

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """Hang up."""
        return replace(plan, hang_up="close", faults=(*plan.faults, self.name))
