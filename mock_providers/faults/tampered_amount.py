"""A notify that tells another amount than was paid."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from mock_providers.core.plans import DeliveryPlan, Kind, Place, PlannedDelivery, Seal
from mock_providers.faults.base import Fault
from mock_providers.faults.extra import sent_before


class TamperedAmount(Fault):
    """
    An extra delivery before the true one, with other amounts in it.

    Args:
        add_fen: added to the true amount, or where that would leave nothing its absolute value; 0 with a currency only.
        currency: what the amounts are in instead of CNY; where a vendor names no currency, they are a yuan off instead.
        signed: True signs with the platform's key, so that only comparing amounts stops it; False leaves the signature
            of the truth below it.
    """

    name: ClassVar[str] = "tampered_amount"
    places: ClassVar[tuple[Place, ...]] = ("notify",)

    add_fen: int = Field(default=100, ge=-10_000_000_000, le=10_000_000_000)
    currency: Literal["", "USD"] = ""
    signed: bool = True

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.add_fen == 0 and not self.currency:
            raise ValueError("an amount tampered with by 0 is the truth")
        return self

    def shape_notify(self, plan: DeliveryPlan) -> DeliveryPlan:
        """One more copy, in front."""
        seal = Seal.TRUE if self.signed else Seal.DAMAGED
        tampered = PlannedDelivery(
            Kind.TAMPERED, seal=seal, add_fen=self.add_fen, currency=self.currency, fault=self.name
        )
        return sent_before(plan, tampered)
