"""
The scenario language: a story about money in a few keys and straight steps.

It says what may stand in a file and nothing about how it is played; the verbs of its steps are in `verbs`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from harness.catalog import BY_ID
from harness.channels import PROVIDED
from harness.script.faults import FaultRule
from harness.script.verbs import (
    NEVER_BARE,
    SHORT,
    Pause,
    Resume,
    Span,
    Step,
    Words,
    WrittenMoment,
    WrittenStep,
    seconds,
)
from harness.script.witnesses import CASES_ONLY, WITNESSED
from harness.world.nemesis import Link, Part

__all__ = ["Amounts", "Expect", "Load", "Pace", "Scenario", "Step", "json_schema", "seconds"]

WORLDS = ("in_process", "processes")
# What only real processes have.
REAL_PARTS = frozenset(Part) - {Part.GATEWAY}
REAL_LINKS = frozenset({Link.TO_POSTGRES, Link.TO_REDIS})


class Amounts(Words):
    """Amounts drawn by the seed, one for each payment."""

    low: Annotated[int, Field(ge=1)]
    high: Annotated[int, Field(ge=1)]


class Pace(Words):
    """So many payments a second, for so long."""

    per_s: Annotated[float, Field(gt=0, le=10_000)]
    during: Span


class Load(Words):
    """Which payments the story is about."""

    payments: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="1 by default; with a rate, as many as it brings"
    )
    amount_fen: Annotated[int, Field(ge=1)] | Amounts = 990
    concurrency: Annotated[int, Field(ge=1, le=512)] = 16
    channels: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="channel to weight; the scenario's channel alone by default"
    )
    rate: Annotated[float, Field(gt=0, le=10_000)] | tuple[Pace, ...] | None = Field(
        default=None, description="payments a second for `run`, or a list of paces; as fast as they go by default"
    )
    paid: Annotated[float, Field(ge=0, le=1)] = Field(default=1.0, description="the share whose buyers pay")
    refunded: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="the share of those that is refunded in full, once the gateway knows of the money"
    )
    think: Span = Field(default="0s", description="how long a buyer takes to pay at most")

    @field_validator("channels")
    @classmethod
    def _spoken(cls, channels: Mapping[str, int]) -> Mapping[str, int]:
        for name in channels:
            _known_channel(name, at=[name])
        return channels

    @property
    def count(self) -> int:
        """
        How many payments there are.
        """
        if isinstance(self.rate, tuple):
            brought = sum(round(pace.per_s * seconds(pace.during)) for pace in self.rate)
            return brought if self.payments is None else min(brought, self.payments)
        return 1 if self.payments is None else self.payments

    def starts_s(self) -> Iterator[float]:
        """
        When each payment is opened, from the beginning of `run`.
        """
        paces = self.rate if isinstance(self.rate, tuple) else ()
        number, from_s = 0, 0.0
        for pace in paces:
            for nth in range(round(pace.per_s * seconds(pace.during))):
                yield from_s + nth / pace.per_s
                number += 1
            from_s += seconds(pace.during)
        step_s = 1 / self.rate if isinstance(self.rate, float) else 0.0
        while number < self.count:
            yield number * step_s
            number += 1


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
    settles_within: Span | None = Field(default=None, description="how long the last settling may take, else FAIL")


class Scenario(Words):
    """One straight story about money."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$", description="<family>/<name>, the file's own path")]
    title: Annotated[str, Field(min_length=1)]
    purpose: Annotated[str, Field(min_length=1, description="one sentence: what it would catch")]
    requirements: Annotated[
        tuple[str, ...], Field(min_length=1, json_schema_extra={"items": {"enum": list(WITNESSED)}})
    ]
    channel: Annotated[str, Field(json_schema_extra={"enum": list(PROVIDED)})] = "alipay"
    product: Literal["qr"] = "qr"
    profile: Literal["calm", "flaky", "storm"] | None = None
    faults: tuple[FaultRule, ...] = ()
    seed: Annotated[int, Field(ge=0)] = 1
    world: Literal["in_process", "processes"] = Field(
        default="in_process", description="virtual time in one process, or real processes with PostgreSQL and Redis"
    )
    instances: Annotated[int, Field(ge=1, le=2)] = Field(default=1, description="gateways behind one port")
    long: bool = Field(default=False, description="it may take longer than eight seconds")
    load: Load = Load()
    steps: Annotated[tuple[WrittenStep, ...], Field(min_length=1)] = (
        Step.model_validate({"run": {}}),
        Step.model_validate({"settle": {}}),
        Step.model_validate({"look": {}}),
    )
    timeline: tuple[WrittenMoment, ...] = Field(default=(), description="what happens beside `run`")
    expect: Expect = Expect()
    convicts: tuple[str, ...] = Field(default=(), description="gallery gateways that must fail this story")

    @field_validator("requirements")
    @classmethod
    def _known(cls, requirements: Sequence[str]) -> Sequence[str]:
        for place, name in enumerate(requirements):
            if name not in BY_ID:
                raise PydanticCustomError(
                    "unknown_word", "no such requirement", {"known": list(WITNESSED), "at": [place], "word": name}
                )
            if name in CASES_ONLY:
                raise PydanticCustomError(
                    "cases_only",
                    "{word}: no verb brings about what it asks for, so no scenario can witness it; "
                    "`payproof check {word}` does",
                    {"at": [place], "word": name},
                )
        return requirements

    @field_validator("channel")
    @classmethod
    def _spoken(cls, channel: str) -> str:
        _known_channel(channel, at=[])
        return channel

    @model_validator(mode="after")
    def _one_source(self) -> "Scenario":
        if self.profile is not None and self.faults:
            raise PydanticCustomError("one_source", "give a profile or faults, not both", {"at": ["faults"]})
        return self

    @model_validator(mode="after")
    def _a_timeline_has_traffic(self) -> "Scenario":
        if self.timeline and all(step.verb != "run" for step in self.steps):
            raise PydanticCustomError(
                "no_run", "a timeline happens beside `run`, which is not among the steps", {"at": ["timeline"]}
            )
        return self

    @model_validator(mode="after")
    def _world_can(self) -> "Scenario":
        for place, step in self._placed():
            if self.world == "in_process" and _needs_processes(step):
                raise PydanticCustomError(
                    "needs_processes", "{text} needs `world: processes`", {"text": step.text, "at": place}
                )
            if self.world == "processes" and step.verb == "clock":
                raise PydanticCustomError(
                    "needs_virtual_time", "the gateway's clock moves in `world: in_process` only", {"at": place}
                )
        if self.world == "in_process" and self.instances > 1:
            raise PydanticCustomError("needs_processes", "two instances need `world: processes`", {"at": ["instances"]})
        return self

    def _placed(self) -> Iterator[tuple[list[str | int], Step]]:
        for where, steps in (("steps", self.steps), ("timeline", self.timeline)):
            for number, step in enumerate(steps):
                yield [where, number, step.verb], step

    @property
    def moves(self) -> tuple[Step, ...]:
        """
        Every step and every moment.
        """
        return (*self.steps, *self.timeline)

    @property
    def channels(self) -> Mapping[str, int]:
        """
        What its payments are made over, with weights.
        """
        return self.load.channels or {self.channel: 1}


def _known_channel(name: str, *, at: list[str]) -> None:
    if name not in PROVIDED:
        raise PydanticCustomError("unknown_word", "no such channel", {"known": list(PROVIDED), "at": at, "word": name})


def _needs_processes(step: Step) -> bool:
    told = step.told
    if isinstance(told, Pause | Resume) or step.verb == "flush":
        return True
    return getattr(told, "what", None) in REAL_PARTS or getattr(told, "link", None) in REAL_LINKS


def json_schema() -> dict[str, Any]:
    """
    The JSON Schema for editors: a step may also be the bare verb, and most verbs take their first setting directly.
    """
    schema = Scenario.model_json_schema(by_alias=True)
    kinds = schema["$defs"]
    for step in ("Step", "Moment"):
        verbs = kinds[step]["properties"]
        for verb, setting in SHORT.items():
            if setting is not None:
                name = verbs[verb]["anyOf"][0]["$ref"].rpartition("/")[2]
                spec = kinds[name]["properties"][setting]
                verbs[verb]["anyOf"].append({key: spec[key] for key in spec if key not in {"default", "title"}})
    bare = sorted(set(kinds["Step"]["properties"]) - NEVER_BARE)
    schema["properties"]["steps"]["items"] = {"anyOf": [{"enum": bare}, {"$ref": "#/$defs/Step"}]}
    schema["title"] = "payproof scenario"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
