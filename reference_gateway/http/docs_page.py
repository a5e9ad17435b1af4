"""
The contract as a page for people: one document, nothing loaded from anywhere, nothing to run in the browser.

It shows what openapi.yaml says and knows nothing of its own.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from reference_gateway.errors import GatewayError

TEMPLATE = Path(__file__).with_name("docs.html")
METHODS = ("get", "put", "post", "delete", "patch")


@lru_cache(maxsize=1)
def docs_page(contract: str) -> str:
    """Draw the page of *contract*, the YAML text."""
    # Nobody but this page needs them, and a gateway starts sooner without.
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415
    from ruamel.yaml import YAML  # noqa: PLC0415

    document = YAML(typ="safe").load(contract)
    drawing = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = drawing.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        info=document["info"],
        operations=_operations(document),
        schemas={name: _words(schema) for name, schema in document["components"]["schemas"].items()},
    )


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            told = item[method]
            given = [*item.get("parameters", []), *told.get("parameters", [])]
            parameters = [_resolved(document, one) for one in given]
            bodies = told.get("requestBody", {}).get("content", {}).values()
            found.append(
                {
                    "id": told["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": told.get("summary", ""),
                    "signed": told.get("security") != [],
                    "parameters": [
                        {"required": False, **one, "words": _words(one.get("schema", {}))} for one in parameters
                    ],
                    "body": [_words(kind["schema"]) for kind in bodies],
                    "answers": [_answer(document, status, answer) for status, answer in told["responses"].items()],
                }
            )
    return found


def _answer(document: dict[str, Any], status: str, answer: dict[str, Any]) -> dict[str, Any]:
    whole = _resolved(document, answer)
    kinds = [f"{kind}: {_words(content.get('schema', {}))}" for kind, content in whole.get("content", {}).items()]
    return {"status": status, "about": whole.get("description", ""), "kinds": kinds}


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        if step not in found:
            raise GatewayError(f"openapi.yaml: {node['$ref']} leads nowhere")
        found = found[step]
    return dict(found)


def _words(schema: Any, depth: int = 0) -> str:
    """Say a schema in a line or a few, as a reader wants it: names, kinds, limits."""
    if not isinstance(schema, dict):
        return str(schema)
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for word, joined in (("allOf", " and "), ("oneOf", " or "), ("anyOf", " or ")):
        if word in schema:
            return joined.join(_words(part, depth) for part in schema[word])
    if "properties" in schema:
        required = schema.get("required", [])
        pad = "  " * (depth + 1)
        lines = [
            f"{pad}{name}{'' if name in required else '?'}: {_words(part, depth + 1)}"
            for name, part in schema["properties"].items()
        ]
        return "{\n" + "\n".join(lines) + "\n" + "  " * depth + "}"
    if schema.get("type") == "array":
        return f"[{_words(schema.get('items', {}), depth)}]"
    return _simple(schema)


def _simple(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "anything")
    said = " | ".join(kind) if isinstance(kind, list) else str(kind)
    limits = [
        f"{word} {schema[key]}"
        for key, word in (
            ("pattern", "like"),
            ("format", "as"),
            ("minimum", "from"),
            ("maximum", "to"),
            ("minLength", "length from"),
            ("maxLength", "length to"),
        )
        if key in schema
    ]
    return f"{said} ({', '.join(limits)})" if limits else said
