"""Every fault as a form: what it is called, what it does, and a field for each of its parameters."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import orjson
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from mock_providers.errors import RulesRefused
from mock_providers.faults.base import Fault
from mock_providers.faults.registry import FAULTS
from mock_providers.faults.rules import load_profile

_WHERE_NUMBERS = ("chance", "first", "nth")
_WHERE_TEXTS = ("provider", "merchant", "on", "api", "order")


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    One field.

    Args:
        kind: "flag", "number", "choice" or "text".
        value: what stands in it at first, as text; "1" for a flag that is set.
    """

    name: str
    kind: str
    value: str
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class FaultForm:
    """One fault, for people."""

    name: str
    does: str
    places: Sequence[str]
    parameters: Sequence[Parameter]


def forms() -> list[FaultForm]:
    """All of them, in order of their names."""
    return [_form(FAULTS[name]) for name in sorted(FAULTS)]


def _form(fault: type[Fault]) -> FaultForm:
    does = (sys.modules[fault.__module__].__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
    parameters = [_parameter(name, info.annotation, info.default) for name, info in fault.model_fields.items()]
    return FaultForm(fault.name, does, fault.places, parameters)


def _parameter(name: str, annotation: object, default: object) -> Parameter:
    required = default is PydanticUndefined
    plain = "" if required or default is None else str(default)
    if annotation is bool:
        return Parameter(name, "flag", "1" if default is True else "")
    if get_origin(annotation) is Literal:
        return Parameter(name, "choice", plain, tuple(map(str, get_args(annotation))))
    if annotation in {int, float}:
        return Parameter(name, "number", plain, required=required)
    return Parameter(name, "text", plain, required=required)


def rule_of(form: Mapping[str, str], *, known: Sequence[str]) -> dict[str, Any]:
    """
    The rule that a form describes, as people would write it; the desk says what is wrong with it.

    Args:
        known: ids that are taken.
    """
    name = form.get("fault", "")
    fault = FAULTS.get(name)
    where: dict[str, Any] = {key: form[f"where.{key}"] for key in _WHERE_TEXTS if form.get(f"where.{key}")}
    where |= {key: _number(form[f"where.{key}"]) for key in _WHERE_NUMBERS if form.get(f"where.{key}")}
    settings: dict[str, Any] = {}
    for parameter in () if fault is None else _form(fault).parameters:
        text = form.get(f"with.{parameter.name}", "")
        if parameter.kind == "flag":
            settings[parameter.name] = bool(text)
        elif text:
            settings[parameter.name] = _number(text) if parameter.kind == "number" else text
    return {"id": form.get("id") or _free_id(name, known), "fault": name, "where": where, "with": settings}


def _number(text: str) -> object:
    """A JSON number, or the text as it stands, for the rules' own words about it."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _free_id(name: str, known: Sequence[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(1, len(known) + 2))
    return next(one for one in numbered if one not in known)


def profiles(folder: Path | None) -> dict[str, Path | None]:
    """The profiles that can be chosen, by name; calm is always there and has no rules."""
    files = sorted(folder.glob("*.yaml")) if folder is not None else []
    return {"calm": None, **{file.stem: file for file in files if file.stem != "calm"}}


def profile_document(name: str, folder: Path | None) -> dict[str, Any]:
    """
    A profile as the rules in force take it.

    Raises:
        RulesRefused: there is none of that name, or it cannot be read.
    """
    known = profiles(folder)
    if name not in known:
        raise RulesRefused([f"no profile is called '{name[:40]}'; there are {', '.join(known)}"])
    file = known[name]
    if file is None:
        return {"profile": name, "rules": []}
    load_profile(file)  # says what is wrong with file and line
    document: dict[str, Any] = YAML(typ="safe").load(file.read_text("utf-8"))
    return document
