"""What callers of API v3 sign instead of the right lines; each is one change of the recipe."""

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, unquote

from mock_providers.wechatpay.v3.recipe import Received, Suspicion

_HOSTS = ("api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "api.wechatpay.cn")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Beyond this a body is not written anew.
_BODY_MAX_BYTES = 100_000
_EMPTY_WORDS = (b"{}", b"null", b"undefined", b"None", b"[]", b'""')

Lines = Mapping[str, bytes]


def suspicions(received: Received) -> Iterator[Suspicion]:
    """Everything that this message makes thinkable, likeliest first."""
    yield from _joints(received)
    yield from _bodies(received)
    if not received.platforms:
        yield from _targets(received)
        yield from _methods(received)
    yield from _orders(received)
    yield from _stamps(received)


def _joints(received: Received) -> Iterator[Suspicion]:
    """Facts: wechatpay/request-sign."""
    if not received.request.body:
        yield Suspicion("empty_line_missing", join=_without_empty_body, usual=True)
    yield Suspicion("last_line_feed_missing", join=_by(b"\n", end=b""), usual=True)
    yield Suspicion("windows_line_ends", join=_by(b"\r\n", end=b"\r\n"), usual=True)
    yield Suspicion("windows_line_ends", join=_by(b"\r\n", end=b""))
    yield Suspicion("line_feed_as_text", join=_by(b"\\n", end=b"\\n"), usual=True)
    yield Suspicion("line_feed_as_text", join=_by(b"\\n", end=b""))
    yield Suspicion("no_line_feeds", join=_by(b"", end=b""))
    yield Suspicion("joined_otherwise", join=_by(b"&", end=b""))
    yield Suspicion("joined_otherwise", join=_by(b"&", end=b"&"))
    yield Suspicion("joined_otherwise", join=_by(b" ", end=b""))


def _by(between: bytes, *, end: bytes) -> Callable[[Lines], bytes]:
    return lambda lines: between.join(lines.values()) + end


def _without_empty_body(lines: Lines) -> bytes:
    return b"".join(value + b"\n" for name, value in lines.items() if name != "body")


def _bodies(received: Received) -> Iterator[Suspicion]:
    """Facts: wechatpay/request-sign."""
    body = received.request.body
    if not body:
        for word in _EMPTY_WORDS:
            yield Suspicion("empty_body_as_word", {"body": word}, usual=word in {b"{}", b"null"})
        query = received.request.query.encode("utf-8", "replace")
        if query:
            yield Suspicion("query_as_body", {"body": query})
        return
    yield Suspicion("body_left_out", {"body": b""}, usual=True)
    yield Suspicion("body_left_out", {"body": b"{}"})
    yield from (Suspicion("body_written_anew", {"body": text}, usual=True) for text in _written_anew(body))
    yield Suspicion("body_trimmed", {"body": body.strip()})
    yield Suspicion("body_trimmed", {"body": body + b"\n"})
    yield Suspicion("byte_order_mark", {"body": b"\xef\xbb\xbf" + body})
    yield Suspicion("byte_order_mark", {"body": body.removeprefix(b"\xef\xbb\xbf")})
    text = body.decode("utf-8", "replace")
    for codec in ("gbk", "latin-1", "utf-16-le"):
        yield Suspicion("body_in_other_charset", {"body": text.encode(codec, "replace")})
    yield Suspicion("body_as_json_text", {"body": json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")})
    yield Suspicion("body_as_json_text", {"body": json.dumps(text).encode()})


def _written_anew(body: bytes) -> Iterator[bytes]:
    """The same JSON in the ways in which libraries write it."""
    if len(body) > _BODY_MAX_BYTES:
        return
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    for separators in ((",", ":"), (", ", ": "), (",", ": ")):
        for plain in (False, True):
            for ordered in (False, True):
                text = json.dumps(value, separators=separators, ensure_ascii=not plain, sort_keys=ordered)
                yield text.encode("utf-8", "replace")
                yield text.replace("/", "\\/").encode("utf-8", "replace")
    for indent in (2, 4, "\t"):
        for plain in (False, True):
            yield json.dumps(value, indent=indent, ensure_ascii=not plain).encode("utf-8", "replace")
    if isinstance(value, dict):
        yield "&".join(f"{name}={one}" for name, one in value.items()).encode("utf-8", "replace")
        yield str(value).encode("utf-8", "replace")


def _targets(received: Received) -> Iterator[Suspicion]:
    """Facts: wechatpay/request-sign, wechatpay/pipe."""
    request = received.request
    target, path, query = request.target, request.path, request.query
    hosts = [*_HOSTS, *([request.header("host")] if request.header("host") else [])]
    if query:
        yield _target("query_left_out", path, usual=True)
        for name in received.request.parameters:
            rest = [piece for piece in query.split("&") if not piece.startswith(f"{name}=")]
            yield _target("query_left_out", f"{path}?{'&'.join(rest)}" if rest else path)
        turned = "&".join(sorted(query.split("&")))
        yield _target("query_written_otherwise", f"{path}?{turned}")
        yield _target("query_written_otherwise", f"{path}?{unquote(query)}")
        yield _target("query_written_otherwise", f"{path}?{quote(unquote(query), safe='=&')}")
        yield _target("query_written_otherwise", f"{path}{query}")
    for host in dict.fromkeys(hosts):
        for scheme in ("https", "http"):
            yield _target("host_in_target", f"{scheme}://{host}{target}", usual=host == _HOSTS[0] and scheme == "https")
            yield _target("host_in_target", f"{scheme}://{host}{path}")
        yield _target("host_in_target", f"{host}{target}")
    tail = f"?{query}" if query else ""
    yield _target("path_decoded", unquote(path) + tail, usual="%" in path)
    yield _target("path_encoded", quote(unquote(path), safe="/") + tail, usual=True)
    yield _target("path_encoded", quote(target, safe=""))
    yield _target("slash_otherwise", target.removeprefix("/"), usual=True)
    yield _target("slash_otherwise", f"{path}/{tail}")
    yield _target("slash_otherwise", path.rstrip("/") + tail)
    yield _target("slash_otherwise", f"/{target}")
    yield _target("version_left_out", target.removeprefix("/v3"))
    yield _target("query_mark_left", f"{target}?")
    for name, value in received.request.parameters.items():
        yield _target("query_written_otherwise", f"{path}?{name}={quote(value, safe='')}")


def _target(cause: str, target: str, *, usual: bool = False) -> Suspicion:
    return Suspicion(cause, {"target": target.encode("utf-8", "replace")}, usual=usual)


def _methods(received: Received) -> Iterator[Suspicion]:
    method = received.request.method
    yield Suspicion("method_in_lower_case", {"method": method.lower().encode()}, usual=True)
    yield Suspicion("method_in_lower_case", {"method": method.title().encode()})
    for other in _METHODS:
        if other != method:
            yield Suspicion("other_method", {"method": other.encode()}, usual=other in {"GET", "POST"})


def _stamps(received: Received) -> Iterator[Suspicion]:
    said = received.said
    if said.timestamp.isascii() and said.timestamp.isdigit() and len(said.timestamp) < 16:
        seconds = int(said.timestamp)
        yield Suspicion("timestamp_otherwise", {"timestamp": f"{seconds * 1000}".encode()})
        for off in (*range(-5, 0), *range(1, 6)):
            yield Suspicion("timestamp_otherwise", {"timestamp": f"{seconds + off}".encode()})
        for thousandth in range(1000):
            yield Suspicion("timestamp_otherwise", {"timestamp": f"{seconds}{thousandth:03d}".encode()})
    nonce = said.nonce.encode("utf-8", "replace")
    yield Suspicion("nonce_otherwise", {"nonce": nonce.lower()})
    yield Suspicion("nonce_otherwise", {"nonce": nonce.upper()})
    yield Suspicion("nonce_otherwise", {"nonce": b""})
    yield Suspicion("timestamp_otherwise", {"timestamp": b""})


def _orders(received: Received) -> Iterator[Suspicion]:
    """Two lines in each other's places, or all of them sorted like the older API's parameters."""
    names = ("timestamp", "nonce", "body") if received.platforms else ("method", "target", "timestamp", "nonce", "body")
    for place in range(len(names)):
        for other in range(place + 1, len(names)):
            turned = list(names)
            turned[place], turned[other] = turned[other], turned[place]
            yield Suspicion("lines_in_other_order", join=_ordered(turned))
    for left_out in names:
        kept = [name for name in names if name != left_out]
        yield Suspicion("line_left_out", join=_ordered(kept))


def _ordered(names: list[str]) -> Callable[[Lines], bytes]:
    return lambda lines: b"".join(lines[name] + b"\n" for name in names)
