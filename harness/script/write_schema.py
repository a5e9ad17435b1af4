"""
Writes the scenarios' JSON Schema into the library: `python -m harness.script.write_schema`; and those of other files.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path

import orjson
from pydantic import BaseModel

from harness.errors import ConfigError
from harness.script.faults import Plan, Profile
from harness.script.loader import ROOT
from harness.script.schema import json_schema
from harness.sut.driver.schema import DriverFile

# Files that people write, besides scenarios, and plans, which they edit.
OTHERS: Mapping[str, type[BaseModel]] = {"profile": Profile, "plan": Plan, "driver": DriverFile}
KINDS = ("scenario", *OTHERS)


def schema_text(kind: str = "scenario") -> str:
    """
    The JSON Schema of a kind of file, as text.

    Raises:
        ConfigError: there is no such kind.
    """
    if kind == "scenario":
        schema = json_schema()
    elif kind in OTHERS:
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **OTHERS[kind].model_json_schema(by_alias=True),
            "title": f"payproof {kind}",
        }
    else:
        closest = difflib.get_close_matches(kind, KINDS, n=1)
        meant = f"did you mean {closest[0]}?" if closest else f"there are {', '.join(KINDS)}"
        raise ConfigError(f"there is no schema of {kind}", hint=meant)
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"


def write(file: Path = ROOT / "schema.json") -> None:
    """
    Replace the schema in the library by what the code says now.
    """
    file.write_text(schema_text())


if __name__ == "__main__":
    write()
