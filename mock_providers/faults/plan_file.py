"""
The faults of a run as they were drawn: written line by line while it runs, read again to strike without the seed.

A line is a list item of YAML in JSON's spelling, so that a killed process leaves a file that can be read, and several
processes may write into one.
"""

import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mock_providers.core.plans import Place
from mock_providers.errors import RulesRefused, closest
from mock_providers.faults.base import Fault
from mock_providers.faults.registry import FAULTS
from mock_providers.faults.source import Decision, Script, ScriptKey
from mock_providers.faults.text import told

_HEAD = """\
# The faults of one run as they were drawn, whoever asked first. They strike again without the seed: --profile {file}
plan: {profile}
faults:
"""


_NAME, _ITEM = "plan: ", "  - "


class Struck(BaseModel):
    """One fault that struck one attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    provider: str
    on: Place
    api: str
    occurrence: int = Field(default=1, ge=1)
    attempt: int = Field(ge=1)
    rule: str
    fault: str
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")


class _PlanText(BaseModel):
    """A plan as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    faults: list[Struck] | None = None


_WORDS = tuple(field.alias or name for name, field in Struck.model_fields.items())


@dataclass(frozen=True, slots=True)
class Plan:
    """What struck whom, in a run whose profile had this name."""

    name: str
    script: Script


class PlanFile:
    """Writes; a file that is there already is gone on with, so a process that was started again loses nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def open(self, profile: str) -> None:
        """Make the file where there is none: all of its head at once, whoever else is about to."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = _HEAD.format(file=self.path.name, profile=orjson.dumps(profile).decode())
        with NamedTemporaryFile(dir=self.path.parent, prefix=self.path.name) as head:
            head.write(text.encode())
            head.flush()
            with suppress(FileExistsError):  # ours from before, or a sister process was quicker
                os.link(head.name, self.path)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def add(self, key: ScriptKey, decision: Decision) -> None:
        """Write down one fault that strikes; one system call a line."""
        if self._descriptor is not None:
            line = {
                **key._asdict(),
                "rule": decision.rule,
                "fault": decision.fault.name,
                "with": decision.fault.model_dump(exclude_defaults=True),
            }
            os.write(self._descriptor, _ITEM.encode() + orjson.dumps(line) + b"\n")


def as_written(path: Path) -> object | None:
    """
    What stands in a plan that nobody has edited, read line by line: a hundred times as fast as YAML in general.

    Returns:
        None where the file is anything else, or wrong; `read_yaml` then says what.
    """
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
        if lines[1:2] != ["faults:"] or not lines[0].startswith(_NAME):
            return None
        faults = [orjson.loads(line.removeprefix(_ITEM)) for line in lines[2:]]
        return {"plan": orjson.loads(lines[0].removeprefix(_NAME)), "faults": faults}
    except (OSError, ValueError, IndexError):
        return None


def is_plan(document: object) -> bool:
    """Whether this is a plan, not a profile."""
    return isinstance(document, Mapping) and "plan" in document


def parse_plan(document: object, *, file: Path) -> Plan:
    """
    Check a plan.

    A line that stands there twice is one fault: a run that was broken off and started again asks the same twice.

    Raises:
        RulesRefused: with "file:line: what is wrong" for every problem found.
    """
    try:
        text = _PlanText.model_validate(document)
    except ValidationError as refused:
        raise RulesRefused(
            [
                told(document, tuple(error["loc"]), _message(error["loc"], error["msg"]), file=file)
                for error in refused.errors()
            ]
        ) from None
    problems: list[str] = []
    struck: defaultdict[ScriptKey, dict[str, Decision]] = defaultdict(dict)
    for number, one in enumerate(text.faults or ()):
        try:
            fault = _fault(one)
        except _Unknown as wrong:
            problems.append(told(document, ("faults", number, "fault"), str(wrong), file=file))
        except ValidationError as wrong:
            at = ("faults", number, "with", *wrong.errors()[0]["loc"])
            problems.append(told(document, at, wrong.errors()[0]["msg"], file=file))
        else:
            key = ScriptKey(one.provider, one.label, one.on, one.api, one.occurrence, one.attempt)
            struck[key][one.rule] = Decision(one.rule, fault, hit=True)
    if problems:
        raise RulesRefused(problems)
    return Plan(text.plan, {key: tuple(decisions.values()) for key, decisions in struck.items()})


class _Unknown(Exception):
    """No fault of that name, or not at that place."""


def _fault(one: Struck) -> Fault:
    fault = FAULTS.get(one.fault)
    if fault is None:
        raise _Unknown(f"unknown fault '{one.fault}'.{closest(one.fault, tuple(FAULTS))}")
    if one.on not in fault.places:
        raise _Unknown(f"the fault '{fault.name}' strikes on: {' or '.join(fault.places)}, not on: {one.on}")
    return fault.model_validate(one.parameters)


def _message(location: tuple[int | str, ...], message: str) -> str:
    last = str(location[-1]) if location else ""
    if "Extra inputs" in message:
        return f"unknown key '{last}'.{closest(last, _WORDS if 'faults' in location else ('plan', 'faults'))}"
    return f"{last}: {message}"
