"""
Writes the scenarios' JSON Schema into the library: `python -m harness.script.write_schema`; and those of other files.
"""

import difflib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from harness import known
from harness.errors import ConfigError
from harness.script.faults import Plan, Profile
from harness.script.loader import ROOT
from harness.script.schema import json_schema
from harness.sut.driver.schema import DriverFile


def _of(model: type[BaseModel]) -> Callable[[], dict[str, Any]]:
    return partial(model.model_json_schema, by_alias=True)


# Files that people write, and plans, which they edit.
SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "scenario": json_schema,
    "profile": _of(Profile),
    "plan": _of(Plan),
    "driver": _of(DriverFile),
    "known": known.json_schema,
}
KINDS = tuple(SCHEMAS)


def schema_text(kind: str = "scenario") -> str:
    """
    The JSON Schema of a kind of file, as text.

    Raises:
        ConfigError: there is no such kind.
    """
    if kind not in SCHEMAS:
        closest = difflib.get_close_matches(kind, KINDS, n=1)
        meant = f"did you mean {closest[0]}?" if closest else f"there are {', '.join(KINDS)}"
        raise ConfigError(f"there is no schema of {kind}", hint=meant)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SCHEMAS[kind](),
        "title": f"payproof {kind}",
    }
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"


def write(file: Path = ROOT / "schema.json") -> None:
    """
    Replace the schema in the library by what the code says now.
    """
    file.write_text(schema_text())


if __name__ == "__main__":
    write()
