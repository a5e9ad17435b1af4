"""
Bytes to fields and fields to bytes: form bodies, the raw answer, percent-encoded notifies.

Knows no transaction and no field's meaning but `encoding`, `signPubKeyCert` and `signature`, which have places of
their own.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from mock_providers.core.wire.escapes import escaped, plain_form, unescaped_pairs
from mock_providers.core.wire.reply import WireReply

CODECS: Mapping[str, str] = MappingProxyType(
    {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk", "gb18030": "gb18030"}
)
# More than anybody sends.
FIELDS_MAX = 200
_BRACKETS = {"{": "}", "[": "]"}
_MISLEADING = re.compile(r"[&=\r\n{\[]")

Pairs = list[tuple[bytes, bytes]]


def read_form(body: bytes) -> tuple[str | None, dict[str, str]]:
    """
    The codec of a form body's charset, None for one that nobody knows, and its fields, decoded.

    Facts: unionpay/request, unionpay/charset
    """
    fields = plain_form(body)
    if fields is not None:
        return codec_named(fields.get("encoding", "UTF-8")), fields  # ASCII is the same in all of them
    pairs = form_pairs(body)
    codec = codec_of(pairs)
    return codec, read_fields(pairs, codec=codec or "utf-8")


def form_pairs(body: bytes) -> Pairs:
    """
    Names and values of a form body, percent escapes undone; still bytes, for the charset is not known yet.

    Facts: unionpay/request
    """
    return unescaped_pairs(body)


def codec_of(pairs: Pairs) -> str | None:
    """
    The codec of the charset that `encoding` names, read before anything is decoded; None for one nobody knows.

    Facts: unionpay/charset
    """
    declared = next((value for name, value in pairs if name == b"encoding"), b"UTF-8")
    return codec_named(declared.decode("latin-1"))


def codec_named(declared: str) -> str | None:
    """The codec of the charset of that name."""
    return CODECS.get(declared.strip().lower())


def read_fields(pairs: Pairs, *, codec: str) -> dict[str, str]:
    """
    Decoded fields; a name that comes twice keeps its first value, as servlets do.

    Facts: unionpay/request
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name.decode(codec, "replace"), value.decode(codec, "replace"))
    return fields


def trimmed(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields without blanks around their values."""
    return {name: value.strip() for name, value in fields.items()}


def echoable(value: str) -> bool:
    """
    Whether a value can stand in a raw answer without being taken for something else.

    Facts: unionpay/answer, unionpay/parsing
    """
    return _MISLEADING.search(value) is None


def reads_back(value: str) -> bool:
    """
    Whether the official scanners read a value out of a raw answer as it was put in, with every bracket closed.

    Facts: unionpay/parsing, unionpay/reserved
    """
    if _MISLEADING.search(value) is None:
        return True
    closing = ""
    for letter in value:
        if closing:
            closing = "" if letter == closing else closing
        elif letter in "&\r\n":
            return False
        else:
            closing = _BRACKETS.get(letter, "")
    return not closing


def answer(line: str, tail: Mapping[str, str], *, codec: str, text: str) -> WireReply:
    """
    One line of raw values: the business fields by name, then the *tail* as it stands, the signature last.

    Args:
        line: the business fields, joined.
        text: what was signed, for the journal.

    Facts: unionpay/answer, unionpay/wire-order
    """
    line += "".join([f"&{name}={value}" for name, value in tail.items()])
    headers = _UTF8_HEADERS if codec == "utf-8" else _GBK_HEADERS
    return WireReply(200, headers, line.encode(codec, "replace"), text)


# No form type: a client in Node would decode the body, and make blanks of the signature's plus signs.
_UTF8_HEADERS = (("Content-Type", "text/html;charset=UTF-8"),)
_GBK_HEADERS = (("Content-Type", "text/html;charset=GBK"),)


def form_bytes(fields: Mapping[str, str], *, codec: str) -> bytes:
    """
    A form body: percent-encoded in the charset, spaces as plus signs, in the order given.

    Facts: unionpay/notify-wire
    """
    return "&".join(
        [f"{name}={escaped(value, codec=codec, errors='replace')}" for name, value in fields.items()]
    ).encode("ascii")
