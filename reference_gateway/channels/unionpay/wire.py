"""
UnionPay's three spellings of a message: the form we send, the raw line it answers, the form it notifies with; and the
text that all three sign. Knows no field's meaning beside `encoding` and `signature`.

Facts: unionpay/request, unionpay/answer, unionpay/parsing, unionpay/sign-string, unionpay/notify-wire, unionpay/charset
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from reference_gateway.channels import forms

FIELDS_MAX = 200
# The first `=` ends a name; in a value a bracket holds `&` together until its own kind closes, or to the end.
_PAIR = re.compile(r"([^=&]*)(?:=((?:[^&{\[]+|\{[^}]*\}?|\[[^\]]*\]?)*))?")
_ENCODING = re.compile("(?:^|&)encoding=([^&]*)")
_CODECS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk", "gb18030": "gb18030"}


def text_to_sign(fields: Mapping[str, str]) -> str:
    """
    Spell what is signed: every field but the signature, by name in byte order.

    Facts: unionpay/sign-string
    """
    return "&".join([f"{name}={value}" for name, value in sorted(fields.items()) if name != "signature"])


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
    return forms.written(fields, codec_of(fields["encoding"])).encode("ascii")


def read_form(body: bytes) -> dict[str, str]:
    """
    Decode a notify's body, once, by the charset it names.

    Raises:
        ValueError: not a form in its charset, or a field stands twice.

    Facts: unionpay/notify-wire, unionpay/charset
    """
    text = body.decode("ascii")
    said = _ENCODING.search(text)
    encoding = "UTF-8" if said is None else unquote_plus(said[1])
    fields = _once_each(forms.read(text, codec_of(encoding), fields_max=FIELDS_MAX))
    if fields.get("encoding", "UTF-8") != encoding:
        raise ValueError("the charset is not named plainly")
    return fields


def read_answer(text: str) -> dict[str, str]:
    """
    Take a raw answer apart as the official scanners do.

    The first `=` ends a name; `&` ends a pair unless a bracket is open, and brackets do not nest.

    Raises:
        ValueError: a field stands twice, or there are too many.

    Facts: unionpay/parsing
    """
    if "\x00" in text:
        raise ValueError("a field carries a NUL")
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        assert pair is not None
        pairs.append((pair[1], pair[2] or ""))
        at = pair.end() + 1
        if len(pairs) > FIELDS_MAX:
            raise ValueError("the answer has too many fields")
    return _once_each(pairs)


def _once_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands twice")
    return fields
