"""
Fault rules as people write them: reading, checking, and saying what is wrong with file, line and the closest word.

Reads YAML 1.2 and plain JSON values; decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from mock_providers.errors import RulesRefused, closest
from mock_providers.faults.budget import Budget, within
from mock_providers.faults.registry import FAULTS
from mock_providers.faults.rule import Rule, Where
from mock_providers.faults.text import Location, read_yaml, told


class RuleText(BaseModel):
    """A rule as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=100)
    fault: str
    where: Where = Where()
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")


class ProfileText(BaseModel):
    """A profile as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = "custom"
    budget: Budget | None = None
    rules: list[RuleText] = Field(default_factory=list)

    @field_validator("budget", mode="before")
    @classmethod
    def _yes_or_no(cls, value: object) -> object:
        """True is the usual budget."""
        return {True: {}, False: None}[value] if isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class Profile:
    """A named list of rules, narrowed by its budget if it has one."""

    name: str
    rules: tuple[Rule, ...] = ()
    budget: Budget | None = None


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "profile": ("profile", "budget", "rules"),
    "budget": tuple(Budget.model_fields),
    "rule": ("id", "fault", "where", "with"),
    "where": tuple(Where.model_fields),
}


def load_profile(path: Path) -> Profile:
    """
    Read a profile from a YAML file.

    Raises:
        RulesRefused: with "file:line: what is wrong" for every fault found.
    """
    return parse_profile(read_yaml(path), file=path)


def parse_profile(document: object, *, file: Path | None = None) -> Profile:
    """
    Check a profile.

    Args:
        document: what YAML or JSON gave; when it came from YAML it knows its lines.
        file: named in the problems.

    Raises:
        RulesRefused: with every problem found.
    """
    try:
        text = ProfileText.model_validate(document)
    except ValidationError as refused:
        raise RulesRefused(
            [told(document, _location(error), _message(error), file=file) for error in refused.errors()]
        ) from None
    problems: list[str] = []
    rules: list[Rule] = []
    seen: set[str] = set()
    for number, written in enumerate(text.rules):
        at: Location = ("rules", number)
        if written.id in seen:
            problems.append(told(document, (*at, "id"), f"a second rule with the id '{written.id}'", file=file))
        seen.add(written.id)
        try:
            rules.append(_checked(written))
        except _Refused as refused:
            problems += [told(document, (*at, *where), message, file=file) for where, message in refused.problems]
    if problems:
        raise RulesRefused(problems)
    if text.budget is None:
        return Profile(text.profile, tuple(rules))
    narrowed, too_much = within(text.budget, rules)
    if too_much:
        raise RulesRefused([told(document, ("rules", *at), message, file=file) for at, message in too_much])
    return Profile(text.profile, narrowed, text.budget)


class _Refused(Exception):
    """What is wrong with one rule, as (location inside the rule, message)."""

    def __init__(self, problems: Sequence[tuple[Location, str]]) -> None:
        super().__init__()
        self.problems = problems


def _checked(text: RuleText) -> Rule:
    fault = FAULTS.get(text.fault)
    if fault is None:
        raise _Refused([(("fault",), f"unknown fault '{text.fault}'.{closest(text.fault, tuple(FAULTS))}")])
    on = text.where.on or fault.places[0]
    if on not in fault.places:
        where = " or ".join(fault.places)
        raise _Refused([(("where", "on"), f"the fault '{fault.name}' strikes on: {where}, not on: {on}")])
    try:
        what = fault.model_validate(text.parameters)
    except ValidationError as refused:
        raise _Refused(
            [(("with", *error["loc"]), _message(error, known=tuple(fault.model_fields))) for error in refused.errors()]
        ) from None
    api = text.where.api if text.where.api is not None else fault.usual_api or None
    return Rule(text.id, text.where.model_copy(update={"on": on, "api": api}), what)


def _location(error: ErrorDetails) -> Location:
    return tuple(error["loc"])


def _message(error: ErrorDetails, *, known: Sequence[str] | None = None) -> str:
    last = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        words = known if known is not None else _known_at(error["loc"])
        return f"unknown key '{last}'.{closest(last, words)}"
    if error["type"] == "missing":
        return f"the key '{last}' is missing"
    return f"{last}: {error['msg']}" if last else error["msg"]


def _known_at(location: Sequence[int | str]) -> tuple[str, ...]:
    above = {part for part in location[:-1] if isinstance(part, str)}
    kinds = {"where": "where", "rules": "rule", "budget": "budget"}
    return _FIELDS[next((kind for word, kind in kinds.items() if word in above), "profile")]
