"""Percent escapes written, and undone in many pieces at once, by native code; knows no field and no charset."""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

import orjson

_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.~-]", re.ASCII)
# Signatures and certificates: long, and of few kinds of letters that are no letters.
_LONG_CHARS = 100
_PAPER = re.compile(r"[A-Za-z0-9_.~\-+/=\r\n ]*", re.ASCII)
_SPELLED = {byte: chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in range(256)} | {ord(" "): "+"}


def escaped(text: str, *, codec: str, errors: str) -> str:
    """
    What `urllib.parse.quote_plus` makes of *text*: as good as nothing for a plain one, a few replacements for a
    signature, and else one look into a table for each byte, all in native code.

    Args:
        codec: of a charset in which ASCII is ASCII.
        errors: what becomes of letters that the charset has not, in the words of `str.encode`.
    """
    if _UNSAFE.search(text) is None:
        return text
    if len(text) >= _LONG_CHARS and _PAPER.fullmatch(text):
        escapes = text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        return escapes.replace("\r", "%0D").replace("\n", "%0A").replace(" ", "+")
    return text.encode(codec, errors).decode("latin-1").translate(_SPELLED)


def plain_form(form: bytes) -> dict[str, str] | None:
    """
    The fields of a query or a form body in their order, if it is the usual one: ASCII through and through, however its
    charset is called, with a value for each name and no name twice.

    Such a form is an object in JSON but for its punctuation.

    Returns:
        None for any other, which is read pair by pair.
    """
    if b'"' in form or b"\\" in form or not form.isascii():
        return None
    text = form.replace(b"+", b" ").replace(b"=", b'":"').replace(b"&", b'","').replace(b"%", b"\\u00")
    try:
        fields: dict[str, str] = orjson.loads(b'{"%b"}' % text)
    except orjson.JSONDecodeError:
        return None
    usual = len(fields) == form.count(b"&") + 1 and "".join(fields.values()).isascii() and "".join(fields).isascii()
    return fields if usual else None


def unescaped_pairs(form: bytes) -> list[tuple[bytes, bytes]]:
    """
    Names and values of a query or a form body, plus signs and percent escapes undone; still bytes.
    """
    halves = [piece.partition(b"=") for piece in form.replace(b"+", b" ").split(b"&") if piece]
    plain = unescaped([half[place] for half in halves for place in (0, 2)])
    return list(zip(plain[::2], plain[1::2], strict=True))


def unescaped(pieces: Sequence[bytes]) -> list[bytes]:
    """
    What `urllib.parse.unquote_to_bytes` makes of each piece.

    A percent escape is spelled like a JSON escape, and a JSON parser in native code reads all pieces of a form in the
    time that Python takes for one. What that parser would refuse or read otherwise goes the slow way: quotes, a lone
    percent sign, control characters, raw bytes beyond ASCII.
    """
    text = b'","'.join(pieces)
    if text.isascii() and text.count(b'"') == 2 * max(len(pieces) - 1, 0):
        try:
            read = orjson.loads(b'["' + text.replace(b"\\", b"\\\\").replace(b"%", b"\\u00") + b'"]')
            return [one.encode("latin-1") for one in read] if pieces else []
        except orjson.JSONDecodeError:
            pass
    return [unquote_to_bytes(piece) for piece in pieces]
