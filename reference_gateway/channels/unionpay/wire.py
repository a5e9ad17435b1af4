"""
UnionPay's three spellings of a message: the form we send, the raw line it answers, the form it notifies with; and the
text that all three sign. Knows no field's meaning beside `encoding` and `signature`.

Facts: unionpay/request, unionpay/answer, unionpay/parsing, unionpay/sign-string, unionpay/notify-wire, unionpay/charset
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

FIELDS_MAX = 200
_CLOSING = {"{": "}", "[": "]"}
_CODECS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk", "gb18030": "gb18030"}


def text_to_sign(fields: Mapping[str, str]) -> str:
    """
    Spell what is signed: every field but the signature, by name in byte order.

    Facts: unionpay/sign-string
    """
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != "signature")


def codec_of(encoding: str) -> str:
    """
    Return the codec of a message that says it is in *encoding*.

    Raises:
        ValueError: nobody knows that charset.

    Facts: unionpay/charset
    """
    try:
        return _CODECS[encoding.lower()]
    except KeyError:
        raise ValueError(f"the charset {encoding!r} is unknown") from None


def write_form(fields: Mapping[str, str]) -> bytes:
    """Encode a request's body in the charset it names; names stay plain, a space becomes `+`."""
    return urlencode(fields, encoding=codec_of(fields["encoding"]), errors="strict").encode("ascii")


def read_form(body: bytes) -> dict[str, str]:
    """
    Decode a notify's body, once, by the charset it names.

    Raises:
        ValueError: not a form in its charset, or a field stands twice.

    Facts: unionpay/notify-wire, unionpay/charset
    """
    text = body.decode("ascii")
    named = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)).get("encoding", "UTF-8")
    pairs = parse_qsl(
        text,
        keep_blank_values=True,
        strict_parsing=True,
        encoding=codec_of(named),
        errors="strict",
        max_num_fields=FIELDS_MAX,
    )
    return _once_each(pairs)


def read_answer(text: str) -> dict[str, str]:
    """
    Take a raw answer apart as the official scanners do.

    The first `=` ends a name; `&` ends a pair unless a bracket is open, and brackets do not nest.

    Raises:
        ValueError: a field stands twice, or there are too many.

    Facts: unionpay/parsing
    """
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        end = _end_of_pair(text, at)
        name, _, value = text[at:end].partition("=")
        pairs.append((name, value))
        at = end + 1
        if len(pairs) > FIELDS_MAX:
            raise ValueError("the answer has too many fields")
    return _once_each(pairs)


def _end_of_pair(text: str, at: int) -> int:
    """Return where the pair that begins at *at* ends; only a value has brackets."""
    in_value, closing = False, ""
    for place in range(at, len(text)):
        letter = text[place]
        if closing:
            closing = "" if letter == closing else closing
        elif letter == "&":
            return place
        elif not in_value:
            in_value = letter == "="
        else:
            closing = _CLOSING.get(letter, "")
    return len(text)


def _once_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice")
    if any("\x00" in text for pair in pairs for text in pair):
        raise ValueError("a field carries a NUL")
    return fields
