"""
Writes the scenarios' JSON Schema into the library: `python -m harness.script.write_schema`.
"""

from pathlib import Path

import orjson

from harness.script.loader import ROOT
from harness.script.schema import json_schema


def schema_text() -> str:
    """
    The JSON Schema as it stands in a file.
    """
    return orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2).decode() + "\n"


def write(file: Path = ROOT / "schema.json") -> None:
    """
    Replace the schema in the library by what the code says now.
    """
    file.write_text(schema_text())


if __name__ == "__main__":
    write()
