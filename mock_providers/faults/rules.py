"""
Fault rules as people write them: reading, checking, and saying what is wrong with file, line and the closest word.

Reads YAML 1.2 and plain JSON values; decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mock_providers.core.plans import Place
from mock_providers.errors import RulesRefused, closest
from mock_providers.faults.base import Fault
from mock_providers.faults.registry import FAULTS

Location = tuple[int | str, ...]


class Where(BaseModel):
    """
    When a rule applies.

    Args:
        provider: its short name; None means any.
        on: a notify to the merchant or a reply to one of its calls; None means the fault's usual place.
        api: for replies the vendor's method name, for notifies the event ("payment", "refund"); None means any.
        order: a glob over the payment's label and the merchant's order number.
        chance: 0 to 1.
        first: only the first n attempts of each (order, API or event).
        nth: only the nth attempt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str | None = None
    on: Place | None = None
    api: str | None = None
    order: str = "*"
    chance: float = Field(default=1.0, ge=0, le=1)
    first: int | None = Field(default=None, ge=1)
    nth: int | None = Field(default=None, ge=1)


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
    rules: list[RuleText] = Field(default_factory=list)


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


@dataclass(frozen=True, slots=True)
class Profile:
    """A named list of rules."""

    name: str
    rules: tuple[Rule, ...] = ()


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "profile": ("profile", "rules"),
    "rule": ("id", "fault", "where", "with"),
    "where": tuple(Where.model_fields),
}


def load_profile(path: Path) -> Profile:
    """
    Read a profile from a YAML file.

    Raises:
        RulesRefused: with "file:line: what is wrong" for every fault found.
    """
    try:
        document = YAML(typ="rt").load(path.read_text("utf-8"))
    except OSError as problem:
        raise RulesRefused([f"{path}: cannot be read: {problem.strerror}"]) from None
    except MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise RulesRefused([f"{path}:{line}: {problem.problem or 'not YAML'}"]) from None
    except (YAMLError, UnicodeDecodeError) as problem:
        raise RulesRefused([f"{path}: not a YAML text: {problem}"]) from None
    return parse_profile(document, file=path)


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
            [_told(document, _location(error), _message(error), file=file) for error in refused.errors()]
        ) from None
    problems: list[str] = []
    rules: list[Rule] = []
    seen: set[str] = set()
    for number, written in enumerate(text.rules):
        at: Location = ("rules", number)
        if written.id in seen:
            problems.append(_told(document, (*at, "id"), f"a second rule with the id '{written.id}'", file=file))
        seen.add(written.id)
        try:
            rules.append(_checked(written))
        except _Refused as refused:
            problems += [_told(document, (*at, *where), message, file=file) for where, message in refused.problems]
    if problems:
        raise RulesRefused(problems)
    return Profile(text.profile, tuple(rules))


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
    return Rule(text.id, text.where.model_copy(update={"on": on}), what)


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
    kind = "where" if "where" in location[:-1] else "rule" if "rules" in location[:-1] else "profile"
    return _FIELDS[kind]


def _told(document: object, location: Location, message: str, *, file: Path | None) -> str:
    if file is not None:
        return f"{file}:{_line(document, location)}: {message}"
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{dotted.lstrip('.')}: {message}" if dotted else message


def _line(document: object, location: Location) -> int:
    """The line of the deepest part of *location* that the document has."""
    return max(_lines(document, location), default=1)


def _lines(node: object, location: Location) -> Iterator[int]:
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            yield node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            yield node.lc.item(part)[0] + 1
            node = node[part]
        else:
            return
