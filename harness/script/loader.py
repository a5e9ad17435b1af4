"""
Reads scenario files and finds them by id; what is wrong is said with file, line, column and the closest right word.

It refuses a file before anything is started, and knows nothing about playing one.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from harness.errors import ConfigError, ScenarioError, ScenarioNotFoundError
from harness.script.faults import Plan, Profile
from harness.script.schema import Scenario

ROOT = Path(__file__).resolve().parents[2] / "scenarios"
PROFILES = "profiles"

Model = TypeVar("Model", bound=BaseModel)


def load(file: Path) -> Scenario:
    """
    Read one scenario.

    Raises:
        ScenarioError: with a line for each mistake.
    """
    return _read(file, Scenario)


def load_profile(file: Path) -> Profile | Plan:
    """
    Read a profile or the plan of an earlier run, to refuse it before anything starts; whether its values make sense the
    simulator says.

    Raises:
        ScenarioError: with a line for each mistake.
    """
    quick = _plan_as_written(file)
    if quick is not None:
        return quick
    document = read_yaml(file)
    if "plan" in document:
        return _checked(file, document, Plan)
    return _checked(file, document, Profile)


def _plan_as_written(file: Path) -> Plan | None:
    """
    A plan that nobody has edited has a fault in JSON on each line, which is read a hundred times as fast as YAML.
    """
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        if lines[1:2] != ["faults:"]:
            return None
        faults = [orjson.loads(line.removeprefix("  - ")) for line in lines[2:]]
        return Plan.model_validate({"plan": orjson.loads(lines[0].removeprefix("plan: ")), "faults": faults})
    except (OSError, ValueError):  # no such thing, or a wrong one: YAML says what and where
        return None


def load_as(file: Path, model: type[Model], error: type[ConfigError]) -> Model:
    """
    Read another kind of file in the same way.

    Raises:
        error: with a line for each mistake.
    """
    try:
        return _read(file, model)
    except ScenarioError as mistake:
        raise error(str(mistake)) from mistake


def _read(file: Path, model: type[Model]) -> Model:
    return _checked(file, read_yaml(file), model)


def _checked(file: Path, document: CommentedMap, model: type[Model]) -> Model:
    try:
        return model.model_validate(_plain(document))
    except ValidationError as error:
        mistakes = [_said(file, document, detail, model=model) for detail in _own(error.errors())]
        raise ScenarioError("\n".join(mistakes)) from error


def _own(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """
    Without what only follows from a mistake further in: a list is called short when none of its items is right.
    """
    for detail in details:
        place = detail["loc"]
        deeper = any(other["loc"][: len(place)] == place and other is not detail for other in details)
        if detail["type"] != "too_short" or not deeper:
            yield detail


def profile_document(name: str, *, root: Path = ROOT) -> dict[str, Any]:
    """
    A profile with its rules and its budget, as the control API takes it.
    """
    file = root / PROFILES / f"{name}.yaml"
    if not file.is_file():
        known = sorted(path.stem for path in (root / PROFILES).glob("*.yaml"))
        raise ScenarioError(f"no profile {name!r}{_closest(name, known)}", hint=f"known: {', '.join(known)}")
    document: dict[str, Any] = _plain(read_yaml(file))
    return document


def library(root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """
    Every scenario file with the id that its place gives it.
    """
    for file in sorted(root.glob("*/*.yaml")):
        if file.parent.name != PROFILES:
            yield f"{file.parent.name}/{file.stem}", file


def find(name: str, *, root: Path = ROOT) -> Path:
    """
    The file of a scenario: a path, a full id, or a last part that only one id has.

    Raises:
        ScenarioNotFoundError: with the closest id.
    """
    as_path = Path(name)
    if as_path.suffix in {".yaml", ".yml"}:
        if as_path.is_file():
            return as_path
        raise ScenarioNotFoundError(f"no file {name}")
    files = dict(library(root))
    if name in files:
        return files[name]
    matches = [scenario for scenario in files if scenario.rpartition("/")[2] == name]
    if len(matches) == 1:
        return files[matches[0]]
    if matches:
        raise ScenarioNotFoundError(f"{name!r} could be any of {', '.join(matches)}", hint="give the full id")
    words = [*files, *(scenario.rpartition("/")[2] for scenario in files)]
    raise ScenarioNotFoundError(f"no scenario {name!r}{_closest(name, words)}")


def read_yaml(file: Path) -> CommentedMap:
    """
    YAML 1.2, with the places of keys and values kept.

    Raises:
        ScenarioError: it is no YAML, or no mapping.
    """
    try:
        document = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(file)
        problem = str(error.problem or "not YAML").split("\n", maxsplit=1)[0]
        raise ScenarioError(f"{place}: {problem}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{file}: not UTF-8: {error}") from error
    if not isinstance(document, CommentedMap):
        raise ScenarioError(
            f"{file}:1:1: a scenario is a mapping of keys, such as `id: notify/storm`, and a profile is one"
        )
    return document


def _plain(node: Any) -> Any:
    """
    Without ruamel's own types, which carry the places.
    """
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _said(file: Path, document: CommentedMap, detail: ErrorDetails, *, model: type[BaseModel]) -> str:
    context = detail.get("ctx", {})
    written = _as_written(document, [*detail["loc"], *context.get("at", [])])
    line, column = _place(document, written)
    where = ".".join(map(str, written))
    word = str(context.get("word", written[-1] if written else ""))
    if detail["type"] == "extra_forbidden":
        known = _keys_at(model, written[:-1])
        return f"{file}:{line}:{column}: unknown key {word!r}{_closest(word, known)}"
    if detail["type"] == "unknown_setting":
        return f"{file}:{line}:{column}: {detail['msg']}: {word!r}{_closest(word, context['known'])}"
    if detail["type"] == "unknown_word":
        word = str(context.get("word", detail["input"]))
        return f"{file}:{line}:{column}: {detail['msg']}: {word!r}{_closest(word, context['known'])}"
    if detail["type"] in {"literal_error", "enum"}:
        known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return f"{file}:{line}:{column}: {where}: {detail['input']!r} is not one of {', '.join(known)}" + _closest(
            str(detail["input"]), known
        )
    if detail["type"] == "missing":
        return f"{file}:{line}:{column}: key {word!r} is missing"
    return f"{file}:{line}:{column}: {where}: {detail['msg']}"


def _as_written(document: CommentedMap, location: Sequence[int | str]) -> list[int | str]:
    """
    A location without the names that pydantic gives to the members of unions, which nobody wrote.
    """
    kept: list[int | str] = []
    node: Any = document
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if isinstance(node, CommentedMap):
            if part in node:
                node = node[part]
            elif not last:
                continue
            kept.append(part)
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            node = node[part]
            kept.append(part)
        elif isinstance(node, str) and node == part:
            kept.append(part)  # a bare verb
    return kept


def _place(document: CommentedMap, location: Sequence[int | str]) -> tuple[int, int]:
    """
    Line and column, from 1, of the key or the item; of the nearest thing around it where it is not written.
    """
    node: Any = document
    line, column = 0, 0
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line, column = node.lc.key(part)
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line, column = node.lc.item(part)
            node = node[part]
        else:
            break
    return line + 1, column + 1


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """
    The keys that may stand at a place of the language.
    """
    for part in location:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _models(fields[part].annotation) if part in fields else []
        if not inner:
            return []
        model = inner[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _closest(word: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
