"""
Templates and pointers: putting values into a request, and finding them in an answer.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import DriverError

_TEMPLATE = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")
# Whatever somebody may have meant for one.
_MEANT = re.compile(r"\{\{([^{}]*)\}\}")


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """
    *value* with every `{{name}}` replaced; one that is a template alone keeps the type of what it stands for.

    Raises:
        DriverError: a name that nobody gives, with the closest one.
    """
    if isinstance(value, Mapping):
        return {key: filled(part, values) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [filled(part, values) for part in value]
    if not isinstance(value, str):
        return value
    alone = _TEMPLATE.fullmatch(value)
    if alone is not None:
        return _value(alone.group(1), values)
    return _TEMPLATE.sub(lambda found: str(_value(found.group(1), values)), value)


def text(value: str, values: Mapping[str, Any]) -> str:
    """
    The same for what has to be text.
    """
    return str(filled(value, values))


def names_in(value: Any, *, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """
    Every name that stands in templates anywhere in *value*, with the place of the text that holds it.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from names_in(part, at=(*at, key))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from names_in(part, at=(*at, number))
    elif isinstance(value, str):
        yield from ((at, found.strip()) for found in _MEANT.findall(value))


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name in values:
        return values[name]
    closest = difflib.get_close_matches(name, values, n=1)
    meant = f"did you mean {{{{{closest[0]}}}}}?" if closest else f"known: {', '.join(sorted(values))}"
    raise DriverError(f"nothing is called {{{{{name}}}}} here", hint=meant)


def at(pointer: str, document: Any) -> Any:
    """
    What stands at a JSON Pointer.

    Raises:
        KeyError: nothing does; the message names the first part that is missing.
    """
    node = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            raise KeyError(f"{pointer}: nothing is called {key!r}")
    return node


def maybe(pointer: str | None, document: Any) -> Any:
    """
    The same, None where the driver names no pointer or nothing stands there.
    """
    if pointer is None:
        return None
    try:
        return at(pointer, document)
    except KeyError:
        return None


def amount_at(fen: str | None, yuan: str | None, document: Any) -> int | None:
    """
    Fen from whichever of two pointers leads to something, the one to fen first.

    Raises:
        ValueError: what stands there is no amount.
    """
    found = maybe(fen, document)
    if found is not None:
        return int(found)
    found = maybe(yuan, document)
    return None if found is None else fen_of(found)


def yuan_of(amount_fen: int) -> str:
    """
    An amount as gateways take it in yuan: `9.90`.
    """
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{yuan}.{fen:02d}"


def fen_of(value: Any) -> int:
    """
    Fen from yuan as gateways write them: 9.9, "9.90", 10. Never through a float.

    Raises:
        ValueError: it is no amount, or no whole number of fen.
    """
    whole, _, part = str(value).strip().partition(".")
    if not re.fullmatch(r"-?\d+", whole) or not re.fullmatch(r"\d{0,2}0*", part):
        raise ValueError(f"{value!r} is no amount in yuan")
    cents = int((part[:2] + "00")[:2])
    return int(whole) * 100 + (-cents if whole.startswith("-") else cents)
