"""
What people paste when they ask why a signature is refused, made into a request as it stood on the wire.

Reads a raw HTTP request, a URL, a curl command, one form line, XML, `name=value` lines with plain values, a JSON object
of them, or an entry of the journal. Guesses no value and knows no vendor.
"""

import argparse
import json
import re
import shlex
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import NoReturn
from urllib.parse import quote_plus, urlencode, urlsplit

from mock_providers.core.wire.journal import Headers, RawRequest
from mock_providers.errors import Undiagnosable

_FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)
_XML: Headers = (("Content-Type", "text/xml"),)
_START_LINE = re.compile(r"([A-Z]{3,7}) (\S+)(?: HTTP/[\d.]+)?")
_URL = re.compile(r"(?:https?://|/)\S*\?\S+")
_LINE = re.compile(r"\s*([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
_ANSI_QUOTED = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_VALUED = frozenset(
    {"-A", "-b", "-c", "-e", "-m", "-o", "-u", "-x", "--user-agent", "--cookie", "--referer", "--max-time", "--output"}
    | {"--user", "--proxy", "--connect-timeout", "--cacert", "--resolve", "--retry"}
)
_KINDS = "a raw HTTP request, a URL with its query, a curl command, a form body, XML, or name=value lines"


def read_pasted(text: str) -> RawRequest:
    """
    Understand *text*.

    Raises:
        Undiagnosable: it is nothing of the kind; says what would be.
    """
    text = text.lstrip("\ufeff").strip("\r\n \t")
    first, _, rest = text.partition("\n")
    if text.startswith(("{", "<")):
        return _from_json(text) if text.startswith("{") else RawRequest("POST", "/", _XML, text.encode())
    if re.match(r"(\$ )?curl\s", text):
        return _from_curl(text.removeprefix("$ "))
    start = _START_LINE.fullmatch(first.strip())
    if start is not None:
        return _from_http(start[1], start[2], rest)
    if not rest and _URL.fullmatch(first):
        return RawRequest("GET", first, _host_of(first), b"")
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip()]
    if len(lines) == 1 and "&" in first and "=" in first:
        return RawRequest("POST", "/", _FORM, first.encode())
    found = [_LINE.fullmatch(line) for line in lines]
    if lines and all(found):
        return _from_fields({one[1]: one[2] for one in found if one is not None})
    raise Undiagnosable(f"this is none of what can be read: {_KINDS}")


def _host_of(url: str) -> Headers:
    return (("Host", urlsplit(url).netloc),) if "://" in url else ()


def _from_fields(fields: Mapping[str, str]) -> RawRequest:
    charset = "gbk" if fields.get("charset", "").lower() in {"gbk", "gb2312"} else "utf-8"
    return RawRequest("POST", "/", _FORM, urlencode(fields, encoding=charset, errors="replace").encode())


def _from_http(method: str, target: str, rest: str) -> RawRequest:
    head, _, body = ("\n" + rest.replace("\r\n", "\n")).partition("\n\n")
    headers = tuple(
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in head.split("\n")) if value
    )
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    raw = body.encode()
    return RawRequest(method, target, headers, raw[: int(length)] if length.isascii() and length.isdigit() else raw)


def _from_json(text: str) -> RawRequest:
    try:
        value = json.loads(text)
        request = value.get("request")
        if isinstance(request, dict):
            headers = tuple((str(name), str(one)) for name, one in request["headers"])
            body = b64decode(request["body_b64"], validate=True)
            return RawRequest(str(request["method"]), str(request["target"]), headers, body)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Undiagnosable(f"this JSON is no entry of the journal; paste {_KINDS}") from None
    texts = {name: one for name, one in value.items() if isinstance(one, str)}
    if len(texts) != len(value):
        raise Undiagnosable("parameters are texts; paste biz_content as the text that was sent")
    return _from_fields(texts)


def _from_curl(text: str) -> RawRequest:
    plain = _ANSI_QUOTED.sub(lambda found: shlex.quote(_unescaped(found[1])), text)
    try:
        return _curl_request(shlex.split(plain.replace("\\\r\n", " ").replace("\\\n", " "))[1:])
    except ValueError:
        raise Undiagnosable("this curl command is cut short; paste all of it") from None


def _unescaped(text: str) -> str:
    return re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", lambda found: _character(found[1]), text, flags=re.DOTALL)


def _character(escape: str) -> str:
    if escape[0] in "ux" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t"}.get(escape, escape)


def _curl_request(words: Sequence[str]) -> RawRequest:
    said, others = _CURL.parse_known_args(words)
    url = said.url or next((word for word in others if not word.startswith("-")), "")
    body = "&".join(said.data)
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in said.header)]
    if said.get and body:
        return RawRequest("GET", f"{url}{'&' if '?' in url else '?'}{body}", (*_host_of(url), *headers), b"")
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.extend(_FORM)
    method = said.request or ("POST" if body else "GET")
    return RawRequest(method, url, (*_host_of(url), *headers), body.encode())


def _plain(value: str) -> str:
    if value.startswith("@"):
        raise Undiagnosable("the data stand in a file that is not in the curl command; paste the raw HTTP request")
    return value


def _encoded(value: str) -> str:
    name, mark, content = _plain(value).partition("=")
    return f"{name}={quote_plus(content)}" if mark and name else quote_plus(content if mark else value)


def _no_parts(_: str) -> NoReturn:
    raise Undiagnosable("files and parts cannot be read from a curl command; paste the raw HTTP request")


class _Quiet(argparse.ArgumentParser):
    """Raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _curl_flags() -> argparse.ArgumentParser:
    """Those that shape the request, and those that would swallow the word after them."""
    parser = _Quiet(add_help=False, allow_abbrev=False)
    parser.add_argument("-X", "--request", default="")
    parser.add_argument("-H", "--header", action="append", default=[])
    data = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii")
    parser.add_argument(*data, dest="data", action="append", type=_plain, default=[])
    parser.add_argument("--data-urlencode", dest="data", action="append", type=_encoded)
    parser.add_argument("-F", "--form", type=_no_parts)
    parser.add_argument("-G", "--get", action="store_true")
    parser.add_argument("--url", default="")
    for flag in _VALUED:
        parser.add_argument(flag, dest="unread")
    return parser


_CURL = _curl_flags()
