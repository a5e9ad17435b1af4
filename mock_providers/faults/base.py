"""What a fault is: validated parameters, the places where it may strike, what it costs, and how it reshapes a plan."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from mock_providers.core.plans import DeliveryPlan, Place, ReplyPlan


class Fault(BaseModel):
    """
    A fault with its parameters; the class variables name it.

    A fault takes a plan and returns another. Faults never see each other: `plan.py` says in which order they come.
    `usual_api` is the API or event that a rule means when it names none; "" means every one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    places: ClassVar[tuple[Place, ...]]
    usual_api: ClassVar[str] = ""

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """What becomes of an attempt to deliver."""
        return plan

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """What becomes of an answer."""
        return plan

    def costs(self, place: Place) -> bool:  # noqa: ARG002  for those that cost at one of their places only
        """Whether a correct client gets nothing out of an exchange that it strikes; a fault budget counts these."""
        return False

    @property
    def wait_s(self) -> float:
        """How long it keeps a client waiting for an answer that comes all the same."""
        return 0.0

    @property
    def hopeless(self) -> bool:
        """Whether it leaves a notify no later chance, so that no budget can allow it."""
        return False
