"""The platform tests the merchant: a notify, or an answer, with a signature that must be refused."""

from dataclasses import replace
from typing import ClassVar

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, ReplyPlan, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class SignatureProbe(Fault):
    """
    An extra delivery before the true one; WeChat Pay's own probes look so, others get a stranger's signature.

    An answer is probed where the vendor does that; the work is done.
    """

    name: ClassVar[str] = "signature_probe"
    places: ClassVar[tuple[Place, ...]] = ("notify", "reply")

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        return sent_before(plan, PlannedDelivery(Kind.PROBE, seal=Seal.FOREIGN, fault=self.name))

    def shape_reply(self, plan: ReplyPlan) -> ReplyPlan:
        """The provider seals it so."""
        return replace(plan, shape=replace(plan.shape, probe=True), faults=(*plan.faults, self.name))

    def costs(self, place: Place) -> bool:
        """A correct client believes none of a probed answer, and asks again."""
        return place == "reply"
