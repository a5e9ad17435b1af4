"""
The XML of the legacy API: one root, fields without children, and nothing else.

A reader for exactly this has no entities to expand, nothing external to fetch and no depth to fall into, so it needs no
switches that turn those off. Everything it refuses, the vendor answers. Knows no field by name.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from types import MappingProxyType

BODY_MAX_BYTES = 128 * 1024
_FIELDS_MAX = 120
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}+"
_BLANKS = re.compile(r"[ \t\r\n]*+")
_PROLOG = re.compile(r"<\?xml[ \t\r\n]([^?<>]*+)\?>")
_ENCODING = re.compile(r"""encoding[ \t\r\n]*+=[ \t\r\n]*+["']([A-Za-z0-9._-]++)["']""")
_ATTRIBUTE = r"""[ \t\r\n]++[A-Za-z_][A-Za-z0-9_.:-]*+[ \t\r\n]*+=[ \t\r\n]*+(?:"[^"<]*+"|'[^'<]*+')"""
_OPENING = re.compile(rf"<({_NAME})((?:{_ATTRIBUTE})*+)[ \t\r\n]*+(/?)>")
# What nearly every field looks like; whatever does not is read piece by piece.
_FORBIDDEN = r"\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff"
_MARKED = rf"[^\]{_FORBIDDEN}]*+(?:\](?!\]>)[^\]{_FORBIDDEN}]*+)*+"
_FIELD = re.compile(rf"[ \t\r\n]*+<({_NAME})>(?:<!\[CDATA\[({_MARKED})\]\]>|([^<&\]{_FORBIDDEN}]*+))</\1>")
_PIECE = re.compile(
    r"<!\[CDATA\[(.*?)\]\]>|<!--(?:[^-]|-(?!-))*+-->|(&(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)|([^<&]++)",
    re.DOTALL,
)
_COMMENTS = re.compile(r"(?:[ \t\r\n]++|<!--(?:[^-]|-(?!-))*+-->)*+")
_ILLEGAL = re.compile(rf"[{_FORBIDDEN}]")
_BARE = re.compile(r"[0-9]{1,18}", re.ASCII)
_UTF8 = frozenset({"utf-8", "utf8"})


class NotUtf8(Exception):
    """The body, by its bytes or by its own word, is in another charset."""


class IllFormed(Exception):
    """The body is no XML of this kind."""


def read(body: bytes, *, root: str = "") -> Mapping[str, str]:
    """
    The fields below the root.

    Args:
        root: the only name under which fields are looked for; "" takes any.

    Raises:
        NotUtf8: another charset.
        IllFormed: nested, doubled or unended fields, a document type, entities of one's own, too much of anything.

    Facts: wechatpay/v2-xml, wechatpay/v2-xml-safety
    """
    if len(body) > BODY_MAX_BYTES:
        raise IllFormed
    try:
        text = body.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise NotUtf8 from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    found, fields = _plainly(text) or _document(text)
    return fields if root in {"", found} else MappingProxyType({})


def _plainly(text: str) -> tuple[str, dict[str, str]] | None:
    """
    The usual document: a root and plain fields, with nothing between them.

    Returns:
        None for one that must be read field by field, if only to say what is wrong with it.
    """
    parts = _FIELD.split(text)
    between = parts[::4]
    if between[0] != "<xml>" or between[-1].strip(" \t\r\n") != "</xml>" or any(between[1:-1]):
        return None
    fields = {
        name: marked or plain or "" for name, marked, plain in zip(parts[1::4], parts[2::4], parts[3::4], strict=True)
    }
    return ("xml", fields) if len(fields) == len(between) - 1 <= _FIELDS_MAX else None


def _document(text: str) -> tuple[str, dict[str, str]]:
    if _ILLEGAL.search(text):
        raise IllFormed
    place = _after_prolog(text)
    opening = _OPENING.match(text, place)
    if opening is None:
        raise IllFormed
    root, place = opening[1], opening.end()
    fields: dict[str, str] = {}
    if not opening[3]:
        place = _fields(text, place, fields)
        end = re.compile(rf"</{re.escape(root)}[ \t\r\n]*+>").match(text, place)
        if end is None:
            raise IllFormed
        place = end.end()
    if _end_of(_COMMENTS.match(text, place)) != len(text):
        raise IllFormed
    return root, fields


def _after_prolog(text: str) -> int:
    place = _end_of(_BLANKS.match(text))
    prolog = _PROLOG.match(text, place)
    if prolog is not None:
        declared = _ENCODING.search(prolog[1])
        if declared is not None and declared[1].lower() not in _UTF8:
            raise NotUtf8
        place = prolog.end()
    return _end_of(_COMMENTS.match(text, place))


def _end_of(found: re.Match[str] | None) -> int:
    """For patterns that match nothing at all if need be."""
    assert found is not None
    return found.end()


def _fields(text: str, place: int, fields: dict[str, str]) -> int:
    """Read fields into *fields* from *place* on; returns where they end."""
    match = _FIELD.match
    while True:
        found = match(text, place)
        if found is not None:
            name, marked, plain = found.groups()
            value, place = plain if marked is None else marked, found.end()
        else:
            place = _end_of(_COMMENTS.match(text, place))
            if text.startswith("</", place):
                return place
            name, value, place = _odd_field(text, place)
        if name in fields or len(fields) >= _FIELDS_MAX:
            raise IllFormed
        fields[name] = value


def _odd_field(text: str, place: int) -> tuple[str, str, int]:
    """A field with attributes, references, comments, several pieces, or nothing in it."""
    opening = _OPENING.match(text, place)
    if opening is None:
        raise IllFormed
    name, place = opening[1], opening.end()
    if opening[3]:
        return name, "", place
    value: list[str] = []
    while not text.startswith("</", place):
        piece = _PIECE.match(text, place)
        if piece is None:
            raise IllFormed
        value.extend(_text_of(piece))
        place = piece.end()
    end = re.compile(rf"</{re.escape(name)}[ \t\r\n]*+>").match(text, place)
    if end is None:
        raise IllFormed
    return name, "".join(value), end.end()


def _text_of(piece: re.Match[str]) -> Iterator[str]:
    marked, reference, plain = piece.groups()
    if marked is not None:
        yield marked
    elif reference is not None:
        yield _referred(reference)
    elif plain is not None:
        if "]]>" in plain:
            raise IllFormed
        yield plain


def _referred(reference: str) -> str:
    """One of the five names that XML itself has, or a character by its number."""
    if not reference.startswith("&#"):
        return unescape(reference)
    digits = reference[2:-1]
    number = int(digits[1:], 16) if digits.startswith("x") else int(digits)
    allowed = (
        number in {9, 10, 13} or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0xFFFF < number < 0x110000
    )
    if not allowed:
        raise IllFormed
    return chr(number)


def write(fields: Mapping[str, str], *, bare: frozenset[str] = frozenset(), root: str = "xml", nested: str = "") -> str:
    """
    One element a line, values in CDATA; numbers of the fields named *bare* stand without.

    Args:
        nested: what stands at the end, already written.

    Facts: wechatpay/v2-xml
    """
    lines = [
        f"<{name}>{value}</{name}>\n"
        if name in bare and _BARE.fullmatch(value)
        else f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>\n"
        for name, value in fields.items()
    ]
    return f"<{root}>{''.join(lines)}{nested}</{root}>"
