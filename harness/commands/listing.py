"""
`payproof list`: what there is, for people and for programs.

It reads files and registries, and starts nothing.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import typer

from harness.catalog import REQUIREMENTS
from harness.errors import ConfigError
from harness.script.faults import SETTINGS
from harness.script.loader import library, load

Row = Mapping[str, Any]


def run_list(kind: str, *, as_json: bool) -> int:
    """
    Print one kind of thing; JSON is `{"<kind>": […]}`.

    Raises:
        ConfigError: nobody lists such a kind.
    """
    if kind not in KINDS:
        closest = difflib.get_close_matches(kind, KINDS, n=1)
        meant = f"did you mean {closest[0]}?" if closest else f"known: {', '.join(KINDS)}"
        raise ConfigError(f"there is no list of {kind}", hint=meant)
    rows = KINDS[kind]()
    if as_json:
        typer.echo(orjson.dumps({kind: [dict(row) for row in rows]}, option=orjson.OPT_INDENT_2))
        return 0
    width = max((len(str(row["id"])) for row in rows), default=0)
    for row in rows:
        typer.echo(f"{row['id']:<{width}}  {row['text']}".rstrip())
    return 0


def _requirements() -> Sequence[Row]:
    return [{"id": rule.id, "level": rule.level.value, "text": rule.text} for rule in REQUIREMENTS]


def _scenarios() -> Sequence[Row]:
    return [
        {"id": name, "text": scenario.title, "purpose": scenario.purpose, "file": str(file)}
        for name, file in library()
        for scenario in (load(file),)
    ]


def _faults() -> Sequence[Row]:
    return [
        {"id": name, "text": f"with {', '.join(sorted(known))}" if known else "", "settings": sorted(known)}
        for name, known in SETTINGS.items()
    ]


def _providers() -> Sequence[Row]:
    return [
        {"id": "alipay", "text": "Alipay: gateway v2 and OpenAPI v3, by public keys and certificates; RSA2, RSA, AES"},
        {"id": "wechatpay", "text": "WeChat Pay: API v3 by certificates and public keys, XML API by MD5 and HMAC"},
        {"id": "unionpay", "text": "UnionPay: 5.1.0 and 5.0.0, signed by RSA certificates, keyed SHA-256 and SM3, SM2"},
    ]


def _gallery() -> Sequence[Row]:
    # The gallery brings the gateway's own room with it, which no other list needs.
    from harness.gallery import MUTANTS  # noqa: PLC0415

    return [
        {
            "id": mutant.id,
            "text": mutant.bug,
            "channel": mutant.channel,
            "must_be_convicted_by": list(mutant.must_be_convicted_by),
        }
        for mutant in MUTANTS.values()
    ]


KINDS: Mapping[str, Callable[[], Sequence[Row]]] = {
    "requirements": _requirements,
    "faults": _faults,
    "scenarios": _scenarios,
    "providers": _providers,
    "gallery": _gallery,
}
