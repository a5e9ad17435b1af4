"""Multipart bodies: their text parts are parameters like any others, their files are not; keeps no file."""

import re

from mock_providers.alipay.wire import Pairs, form_pairs
from mock_providers.core.journal import RawRequest

_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|([^\s;,"]+))""", re.IGNORECASE)
_NAME = re.compile(rb"""[;\s]name=(?:"([^"]*)"|([^\s;"]+))""", re.IGNORECASE)
_FILE = re.compile(rb"[;\s]filename\*?=", re.IGNORECASE)
_PARTS_MAX = 200


def multipart_pairs(body: bytes, *, content_type: str) -> Pairs:
    """
    Names and values of the text parts, as bytes.

    Raises:
        ValueError: no boundary, or too many parts to be honest.

    Facts: alipay/params-placement, alipay/sign-string
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ValueError("a multipart body without a boundary")
    line = b"\r\n--" + (found.group(1) or found.group(2)).encode("latin-1", "replace")
    parts = (b"\r\n" + body).split(line)[1:]
    if len(parts) > _PARTS_MAX:
        raise ValueError("too many parts")
    return [pair for pair in map(_text_part, parts) if pair is not None]


def _text_part(part: bytes) -> tuple[bytes, bytes] | None:
    """None for a file, for the closing line, and for what is no part."""
    head, blank, value = part.partition(b"\r\n\r\n")
    named = _NAME.search(head)
    if part.startswith(b"--") or not blank or named is None or _FILE.search(head):
        return None
    return named.group(1) or named.group(2) or b"", value


def body_pairs(request: RawRequest) -> Pairs:
    """
    Bodies without a content type are taken for forms; JSON is no set of parameters here.

    Raises:
        ValueError: too many parameters to be honest.

    Facts: alipay/params-placement
    """
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "urlencoded")
    if "multipart/form-data" in kind.lower():
        return multipart_pairs(request.body, content_type=kind)
    return form_pairs(request.body) if "urlencoded" in kind.lower() else []
