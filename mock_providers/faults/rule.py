"""One rule, checked: where it applies and which fault it brings; decides nothing."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from mock_providers.core.plans import Place
from mock_providers.faults.base import Fault


class Where(BaseModel):
    """
    When a rule applies.

    Args:
        provider: its short name; None means any.
        merchant: a glob over the merchant's number; None means any.
        on: a notify to the merchant or a reply to one of its calls; None means the fault's usual place.
        api: for replies a glob over the vendor's method name, for notifies over the event ("payment", "refund"); None
            means any, or what the fault usually strikes.
        order: a glob over the payment's label and the merchant's order number.
        chance: 0 to 1.
        first: only the first n attempts of each (order, API or event).
        nth: only the nth attempt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str | None = None
    merchant: str | None = None
    on: Place | None = None
    api: str | None = None
    order: str = "*"
    chance: float = Field(default=1.0, ge=0, le=1)
    first: int | None = Field(default=None, ge=1)
    nth: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, checked: `where.on` is never None here."""

    id: str
    where: Where
    what: Fault

    def as_json(self) -> dict[str, object]:
        """The rule as it is written, with every default in place."""
        return {
            "id": self.id,
            "fault": self.what.name,
            "where": self.where.model_dump(),
            "with": self.what.model_dump(),
        }
