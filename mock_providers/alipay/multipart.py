"""
Bodies: forms are parameters, and so are the text parts of multipart bodies; their files are not, and no file is kept.
"""

import re

from mock_providers.alipay.wire import FIELDS_MAX, Pairs, form_pairs
from mock_providers.core.wire.escapes import plain_form
from mock_providers.core.wire.journal import RawRequest

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


def plain_params(query: bytes, request: RawRequest) -> dict[str, str] | None:
    """
    The union of query and form body where both are of the usual kind, and so together are.

    Returns:
        None for all else, which is read pair by pair.

    Facts: alipay/params-placement
    """
    if "urlencoded" not in request.header("content-type").lower():
        return None
    form = b"&".join([part for part in (query, request.body) if part])
    return plain_form(form) if form.count(b"&") < FIELDS_MAX else None


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
