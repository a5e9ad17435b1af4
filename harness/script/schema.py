"""
The scenario language: thirteen verbs, no expressions, no conditions.

It says what may stand in a file and nothing about how it is played. The day someone asks for an `if`, the scenario
becomes a machine.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from harness.catalog import BY_ID
from harness.channels import PROVIDED
from harness.script.faults import FaultRule

SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SPAN_PATTERN = r"^\d+(\.\d+)?(ms|s|m|h|d)$"
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds(span: str) -> float:
    """
    A span as people write it (`90s`, `4m`, `25h`, `2d`), in seconds.
    """
    found = SPAN.fullmatch(span)
    if found is None:
        raise PydanticCustomError("span", "a span is a number with ms, s, m, h or d, such as 90s or 25h")
    return float(found.group(1)) * SECONDS[found.group(2)]


Span = Annotated[str, Field(pattern=SPAN_PATTERN, description="90s, 4m, 25h, 2d")]
OrderGlob = Annotated[str, Field(description="a glob over payment labels, such as pp00000[1-5]")]


class Words(BaseModel):
    """Whatever a scenario consists of: unchangeable, and a key that is not in the list is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Amounts(Words):
    """Amounts drawn by the seed, one for each payment."""

    low: Annotated[int, Field(ge=1)]
    high: Annotated[int, Field(ge=1)]


class Load(Words):
    """Which payments the story is about."""

    payments: Annotated[int, Field(ge=1, le=100_000)] = 1
    amount_fen: Annotated[int, Field(ge=1)] | Amounts = 990
    concurrency: Annotated[int, Field(ge=1, le=512)] = 16


class Open(Words):
    """Open payments at the gateway; all of the load that is not open yet."""

    payments: Annotated[int, Field(ge=1)] | None = None


class Pay(Words):
    """The buyers pay."""

    order: OrderGlob = "*"


class Cancel(Words):
    """The buyers leave the cashier without paying."""

    order: OrderGlob = "*"


class Refund(Words):
    """Ask the gateway for refunds."""

    order: OrderGlob = "*"
    amount_fen: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    times: Annotated[int, Field(ge=1, le=64)] = 1
    same_number: bool = Field(default=False, description="every time with the same refund number, as a retry would")
    concurrent: bool = False


class Sync(Words):
    """Let the gateway ask the channel."""

    order: OrderGlob = "*"


class Look(Words):
    """Read payments from the gateway, so that their states stand in the history."""

    order: OrderGlob = "*"


class Notifies(Words):
    """Take pending notifies into our hands: deliver them now, lose them, or keep them back."""

    order: OrderGlob = "*"
    do: Literal["deliver", "drop", "hold"]


class Advance(Words):
    """Let time pass on the provider's schedule."""

    by: Span


class Kill(Words):
    """Kill -9."""

    what: Literal["gateway"] = "gateway"


class Restart(Words):
    """Start what was killed, on the same store."""

    what: Literal["gateway"] = "gateway"


class RefuseWebhooks(Words):
    """The platform answers 500 to the next webhooks."""

    count: Annotated[int, Field(ge=1)]


class Settle(Words):
    """Wait until the dust has settled."""

    patience: Span = "30s"


class Step(Words):
    """One step: exactly one verb."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1})

    open: Open | None = None
    pay: Pay | None = None
    cancel: Cancel | None = None
    refund: Refund | None = None
    sync: Sync | None = None
    look: Look | None = None
    notifies: Notifies | None = None
    advance: Advance | None = None
    faults: tuple[FaultRule, ...] | None = None
    kill: Kill | None = None
    restart: Restart | None = None
    refuse_webhooks: RefuseWebhooks | None = None
    settle: Settle | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> "Step":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_verb", "a step is exactly one verb")
        return self

    @property
    def verb(self) -> str:
        return next(iter(self.model_fields_set))

    @property
    def text(self) -> str:
        """
        The step in one line, for people.
        """
        told = getattr(self, self.verb)
        if isinstance(told, tuple):
            return f"{self.verb} {', '.join(rule.id for rule in told) or 'none'}"
        settings = told.model_dump(exclude_unset=True)
        return " ".join([self.verb, *(f"{name}={value}" for name, value in settings.items())])


def _shorthand(step: Any) -> Any:
    """
    `- open` and `- advance: 25h` are what people write.
    """
    if isinstance(step, str):
        return {step: {}}
    if isinstance(step, dict):
        short = {"advance": "by", "kill": "what", "restart": "what", "refuse_webhooks": "count", "notifies": "do"}
        return {
            verb: {short[verb]: told} if verb in short and not isinstance(told, dict) else {} if told is None else told
            for verb, told in step.items()
        }
    return step


class AtLeast(Words):
    """What must have happened for the story to have been told at all."""

    notifies_sent: int | None = None
    notifies_duplicate: int | None = None
    notifies_forged: int | None = None
    notifies_tampered: int | None = None
    notifies_dropped: int | None = None
    notifies_delayed: int | None = None
    notifies_reordered: int | None = None
    notifies_resent: int | None = None
    notifies_acked: int | None = None
    notifies_delivered: int | None = None


class Expect(Words):
    """How the story has to end."""

    audit: Literal["clean", "any"] = "clean"
    paid: int | None = None
    refunded: int | None = None
    at_least: AtLeast = AtLeast()


class Scenario(Words):
    """One straight story about money."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$", description="<family>/<name>, the file's own path")]
    title: Annotated[str, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1, description="one sentence: what it would catch")]
    requirements: Annotated[tuple[str, ...], Field(min_length=1, json_schema_extra={"items": {"enum": sorted(BY_ID)}})]
    channel: Annotated[str, Field(json_schema_extra={"enum": list(PROVIDED)})] = "alipay"
    product: Literal["qr"] = "qr"
    profile: Literal["calm", "flaky", "storm"] | None = None
    faults: tuple[FaultRule, ...] = ()
    seed: Annotated[int, Field(ge=0)] = 1
    load: Load = Load()
    steps: Annotated[tuple[Annotated[Step, BeforeValidator(_shorthand)], ...], Field(min_length=1)]
    expect: Expect = Expect()
    convicts: tuple[str, ...] = Field(default=(), description="gallery gateways that must fail this story")

    @field_validator("requirements")
    @classmethod
    def _known(cls, requirements: Sequence[str]) -> Sequence[str]:
        for place, name in enumerate(requirements):
            if name not in BY_ID:
                raise PydanticCustomError(
                    "unknown_word", "no such requirement", {"known": sorted(BY_ID), "at": [place], "word": name}
                )
        return requirements

    @field_validator("channel")
    @classmethod
    def _spoken(cls, channel: str) -> str:
        if channel not in PROVIDED:
            raise PydanticCustomError("unknown_word", "no such channel", {"known": list(PROVIDED), "word": channel})
        return channel

    @model_validator(mode="after")
    def _one_source(self) -> "Scenario":
        if self.profile is not None and self.faults:
            raise PydanticCustomError("one_source", "give a profile or faults, not both", {"at": ["faults"]})
        return self


def json_schema() -> dict[str, Any]:
    """
    The JSON Schema for editors: a step may also be the bare verb, and some verbs take their one setting directly.
    """
    schema = Scenario.model_json_schema(by_alias=True)
    verbs = schema["$defs"]["Step"]["properties"]
    for verb, name in (
        ("advance", "Advance"),
        ("kill", "Kill"),
        ("restart", "Restart"),
        ("refuse_webhooks", "RefuseWebhooks"),
        ("notifies", "Notifies"),
    ):
        (setting,) = [spec for key, spec in schema["$defs"][name]["properties"].items() if key != "order"]
        verbs[verb]["anyOf"].append({key: value for key, value in setting.items() if key not in {"default", "title"}})
    bare = sorted(set(verbs) - {"advance", "refuse_webhooks", "notifies", "faults"})
    schema["properties"]["steps"]["items"] = {"anyOf": [{"enum": bare}, {"$ref": "#/$defs/Step"}]}
    schema["title"] = "payproof scenario"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
