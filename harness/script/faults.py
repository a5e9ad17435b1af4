"""
Fault rules as a scenario writes them: names and settings, so that a misspelt one is refused before anything starts.

It knows the words only. What a fault does, and whether a value makes sense, is the simulator's business; a test holds
the two lists together.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

SETTINGS: Mapping[str, frozenset[str]] = {
    "ack_ignored": frozenset(),
    "after_close": frozenset({"hold_s"}),
    "another_answer": frozenset({"which"}),
    "bad_signature": frozenset(),
    "before_response": frozenset({"patience_s"}),
    "busy": frozenset(),
    "certificate_rotation": frozenset(),
    "clock_skew": frozenset({"seconds"}),
    "coupon": frozenset({"off_fen"}),
    "delay": frozenset({"seconds"}),
    "drop": frozenset(),
    "drop_all": frozenset(),
    "duplicate": frozenset({"copies", "spacing_s", "concurrent"}),
    "expired_certificate": frozenset(),
    "extra_fields": frozenset({"count"}),
    "foreign_chain": frozenset(),
    "forged_signature": frozenset({"seal", "misread", "method"}),
    "held_up": frozenset({"seconds"}),
    "http_error": frozenset({"status", "work"}),
    "in_process": frozenset({"work"}),
    "malformed_body": frozenset(),
    "other_spelling": frozenset({"spelling"}),
    "refund_before_payment": frozenset({"hold_s"}),
    "refund_fails": frozenset({"stuck_s"}),
    "refuse": frozenset({"code", "work"}),
    "reorder": frozenset({"behind", "hold_s"}),
    "replayed_notify": frozenset({"after_s", "stale_s"}),
    "reset_after": frozenset(),
    "reset_before": frozenset(),
    "rolled_back": frozenset(),
    "says_failed": frozenset(),
    "says_finished": frozenset({"after_s"}),
    "says_flawed": frozenset(),
    "settlement_day": frozenset({"cut_hour", "after_s"}),
    "signature_downgrade": frozenset(),
    "signature_probe": frozenset(),
    "slow_drip": frozenset({"seconds"}),
    "slow_reading": frozenset({"seconds"}),
    "stale_timestamp": frozenset({"seconds"}),
    "system_error": frozenset({"work"}),
    "tampered_amount": frozenset({"add_fen", "currency", "signed"}),
    "timeout_after": frozenset({"hold_s"}),
    "timeout_before": frozenset({"hold_s"}),
    "truncated": frozenset({"share"}),
    "unknown_order": frozenset({"number"}),
    "unsigned": frozenset(),
    "wrong_certificate_name": frozenset(),
    "wrong_encoding": frozenset({"charset"}),
    "wrong_key": frozenset(),
    "wrong_recipient": frozenset({"which"}),
}


class Where(BaseModel):
    """Which notifies or answers a rule strikes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str | None = None
    merchant: str | None = Field(default=None, description="a glob over the merchant's number")
    on: Literal["notify", "reply"] | None = None
    api: str | None = None
    order: str = Field(default="*", description="a glob over the payment's label and its order number")
    chance: Annotated[float, Field(ge=0, le=1)] = 1.0
    first: Annotated[int, Field(ge=1)] | None = None
    nth: Annotated[int, Field(ge=1)] | None = None


class FaultRule(BaseModel):
    """One fault, where it strikes, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: Annotated[str, Field(min_length=1, max_length=100)]
    fault: Annotated[str, Field(json_schema_extra={"enum": sorted(SETTINGS)})]
    where: Where = Where()
    settings: dict[str, Any] = Field(default_factory=dict, alias="with")

    @field_validator("fault")
    @classmethod
    def _known(cls, fault: str) -> str:
        if fault not in SETTINGS:
            raise PydanticCustomError("unknown_word", "no such fault", {"known": sorted(SETTINGS)})
        return fault

    @model_validator(mode="after")
    def _settings_known(self) -> "FaultRule":
        known = SETTINGS[self.fault]
        for name in self.settings:
            if name not in known:
                raise PydanticCustomError(
                    "unknown_setting", "no such setting of this fault", {"known": sorted(known), "at": ["with", name]}
                )
        return self

    def to_json(self) -> dict[str, Any]:
        """
        The rule as the control API takes it.
        """
        where = self.where.model_dump(exclude_none=True)
        return {"id": self.id, "fault": self.fault, "where": where, "with": dict(self.settings)}


class Budget(BaseModel):
    """How much an order may lose at most, so that a gateway that asks again always gets through."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replies: Annotated[int, Field(ge=0)] = 1
    notifies: Annotated[int, Field(ge=0)] = 2
    patience_s: Annotated[float, Field(gt=0)] = 3.0


class Profile(BaseModel):
    """A file of fault rules: a kind of weather."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = "custom"
    budget: bool | Budget = False
    rules: tuple[FaultRule, ...] = ()


class DrawnFault(BaseModel):
    """One fault that struck one attempt of one payment."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    label: str
    provider: str
    on: Literal["notify", "reply"]
    api: str
    occurrence: Annotated[int, Field(ge=1)] = 1
    attempt: Annotated[int, Field(ge=1)]
    rule: str
    fault: str
    settings: dict[str, Any] = Field(default_factory=dict, alias="with")


class Plan(BaseModel):
    """The faults of an earlier run as they were drawn; they strike again without the seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    faults: tuple[DrawnFault, ...] | None = None
