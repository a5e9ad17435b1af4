"""Reading `biz_content`: the JSON text of one call, into values that the methods can trust."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn

import orjson

from mock_providers.core.money import Fen, fen_from_yuan

# The manual allows letters, digits and underscores; merchants send hyphens, and reality takes them.
_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_TOTAL_MAX_FEN = 10_000_000_000


class Unreadable(Exception):
    """A business field that is missing or makes no sense; the text names it."""


class IllegalJson(Exception):
    """`biz_content` is no JSON object."""


def business_fields(text: str) -> Mapping[str, object]:
    """
    Parse `biz_content`; numbers stay exact.

    Raises:
        IllegalJson: also for NaN, lone surrogates and nesting deeper than anybody needs.
    """
    texts = _texts(text)
    if texts is not None:
        return texts
    try:
        fields = _EXACT.decode(text or "{}")
        if "\\ud" in text.lower():
            json.dumps(fields, ensure_ascii=False, default=str).encode("utf-8")
    except (ValueError, RecursionError):
        raise IllegalJson from None
    if not isinstance(fields, dict):
        raise IllegalJson
    return fields


def _texts(text: str) -> Mapping[str, object] | None:
    """
    The fields, read by native code, where each of them is a text; None for all else.

    What that code reads otherwise are numbers, and what it refuses is read again by who knows why.
    """
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return fields if type(fields) is dict and all(type(value) is str for value in fields.values()) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


# Made once: json.loads() with arguments makes one for each call.
_EXACT = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)


def text_field(fields: Mapping[str, object], name: str, *, max_chars: int) -> str | None:
    """
    An optional text; a number is taken for its digits, as the platform does.

    Raises:
        Unreadable: another type, or too long.
    """
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) and isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > max_chars:
        raise Unreadable(name)
    return value


def number_field(fields: Mapping[str, object], name: str) -> str | None:
    """
    An optional order, trade or request number.

    Raises:
        Unreadable: too long or with characters that no number has.

    Facts: alipay/identifiers
    """
    value = text_field(fields, name, max_chars=64)
    if value is not None and not _NUMBER.fullmatch(value):
        raise Unreadable(name)
    return value


def amount_field(fields: Mapping[str, object], name: str) -> Fen:
    """
    A required amount, text or number.

    Raises:
        Unreadable: missing, negative, or with more than two decimals.

    Facts: alipay/amounts
    """
    try:
        return fen_from_yuan(fields.get(name))
    except ValueError:
        raise Unreadable(name) from None


def list_field(fields: Mapping[str, object], name: str) -> list[object]:
    """
    An optional list; the manual's lists may also come as one object.

    Raises:
        Unreadable: another type.
    """
    value = fields.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        raise Unreadable(name)
    return value


def object_field(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    """
    An object, also one written as JSON text; empty where there is none.

    Raises:
        Unreadable: another type, or text that is no object.
    """
    value = fields.get(name)
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            return business_fields(value)
        except IllegalJson:
            raise Unreadable(name) from None
    if not isinstance(value, Mapping):
        raise Unreadable(name)
    return value


def options_field(fields: Mapping[str, object]) -> frozenset[str]:
    """What `query_options` asks for."""
    return frozenset(one for one in list_field(fields, "query_options") if isinstance(one, str))


def total_allowed(total_fen: int) -> bool:
    """
    Whether a trade may be about this much.

    Facts: alipay/amounts
    """
    return 1 <= total_fen <= _TOTAL_MAX_FEN
