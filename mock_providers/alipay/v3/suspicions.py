"""
What callers of OpenAPI v3 do to the text before they sign it, likeliest first; a vendor-blind list of habits.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from urllib.parse import parse_qsl, unquote, unquote_plus, urlencode

from mock_providers.alipay.v3.authorization import Authorization
from mock_providers.alipay.v3.body import header_of
from mock_providers.alipay.v3.recipe import Received, Text
from mock_providers.core.signatures.doctor import Suspicion
from mock_providers.core.wire.journal import RawRequest

_BODY_MAX_BYTES = 100_000
# Two readings of one clock, a few milliseconds apart.
_TICKS_MS = tuple(sign * ms for ms in range(1, 60) for sign in (-1, 1))
_PERMUTED_MAX = 4
_HOSTS = ("https://openapi.alipay.com", "https://openapi-sandbox.dl.alipaydev.com")

Decrypt = Callable[[str], bytes | None]


def suspicions(received: Received, *, decrypt: Decrypt | None) -> Iterator[Suspicion]:
    """
    Everything that this request makes thinkable.

    Args:
        decrypt: opens encrypted content; None where that cannot be tried.
    """
    right, authorization = received.right, received.authorization
    yield from _ends(right)
    yield from _bodies(right)
    plain = decrypt(right.body.decode("ascii", "replace")) if decrypt is not None and right.body else None
    if plain is not None:
        yield Suspicion("plain_text_signed", {"body": plain}, usual=True)
    yield from _targets(right, received.request)
    yield from _methods(right)
    yield from _tokens(right)
    yield from _auths(right, authorization)
    yield from _whole(right, authorization)


def _ends(right: Text) -> Iterator[Suspicion]:
    yield Suspicion("last_line_feed_missing", {"finish": lambda text: text.removesuffix(b"\n")}, usual=True)
    yield Suspicion("line_feed_too_many", {"finish": lambda text: text + b"\n"}, usual=not right.token)
    yield Suspicion("carriage_returns", {"finish": lambda text: text.replace(b"\n", b"\r\n")})


def _bodies(right: Text) -> Iterator[Suspicion]:
    body = right.body
    if not body:
        for written in ("{}", "null", "undefined", "None"):
            yield Suspicion("empty_body_written", {"body": written.encode()}, usual=True, told={"written": written})
        return
    for other in _other_json(body):
        yield Suspicion("body_rewritten", {"body": other}, usual=True)
    yield Suspicion("body_left_out", {"body": b""}, usual=True)
    yield Suspicion("body_hashed", {"body": hashlib.sha256(body).hexdigest().encode()})
    yield Suspicion("body_hashed", {"body": hashlib.md5(body, usedforsecurity=False).hexdigest().encode()})
    text = body.decode("utf-8", "replace")
    for codec in ("gbk", "latin-1"):
        yield Suspicion("other_charset", {"body": text.encode(codec, "replace")})


def _other_json(body: bytes) -> Iterator[bytes]:
    """The same content as languages and frameworks like to write it."""
    if len(body) > _BODY_MAX_BYTES:
        return
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    for ordered in (False, True):
        for ascii_only in (False, True):
            for marks, indent in (((",", ":"), None), ((", ", ": "), None), ((",", ": "), 2), ((",", ": "), 4)):
                text = json.dumps(content, ensure_ascii=ascii_only, sort_keys=ordered, separators=marks, indent=indent)
                yield text.encode("utf-8", "replace")
    compact = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    yield compact.replace("/", "\\/").encode("utf-8", "replace")
    yield body.strip()
    yield body + b"\n"


def _targets(right: Text, request: RawRequest) -> Iterator[Suspicion]:
    target = right.target
    path, mark, query = target.partition("?")
    if mark:
        yield Suspicion("query_left_out", {"target": path}, usual=True)
        for other in _other_queries(query):
            yield Suspicion("query_rewritten", {"target": f"{path}?{other}"}, usual=True)
    host = header_of(request, "host")
    wholes = [f"{start}{target}" for start in (*_HOSTS, *([f"http://{host}", f"https://{host}"] if host else []))]
    others = [*wholes, target.removeprefix("/"), target.removeprefix("/v3"), f"{path}/{mark}{query}", unquote(path)]
    for other in (*others, path.rstrip("/"), "/gateway.do", f"/v3{target}", path.lower(), ""):
        if other != target:
            yield Suspicion("path_differs", {"target": other}, usual=True, told={"signed": other, "sent": target})


def _other_queries(query: str) -> Iterator[str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    yield unquote(query)
    yield unquote_plus(query)
    yield query.replace("+", "%20")
    yield query.replace("%20", "+")
    for ordered in (pairs, sorted(pairs)):
        yield urlencode(ordered)
        yield "&".join(f"{name}={value}" for name, value in ordered)


def _methods(right: Text) -> Iterator[Suspicion]:
    yield Suspicion("method_case", {"method": right.method.lower()}, usual=True)
    yield Suspicion("method_case", {"method": right.method.capitalize()})
    for other in ("POST", "GET"):
        if other != right.method:
            told = {"signed": other, "sent": right.method}
            yield Suspicion("other_method", {"method": other}, usual=True, told=told)


def _tokens(right: Text) -> Iterator[Suspicion]:
    if right.token:
        yield Suspicion("token_not_signed", {"token": ""}, usual=True)
    else:
        for written in ("null", "undefined", "None"):
            yield Suspicion("token_not_sent", {"token": written})


def _auths(right: Text, authorization: Authorization) -> Iterator[Suspicion]:
    text = right.auth
    pairs = list(authorization.fields.items())
    yield Suspicion("scheme_signed", {"auth": f"{authorization.scheme} {text}"}, usual=True)
    for ordered in _orders(pairs):
        for mark in (",", ", "):
            written = mark.join(f"{name}={value}" for name, value in ordered)
            if written != text:
                yield Suspicion("fields_in_another_order", {"auth": written}, usual=True)
    for name, _ in pairs:
        kept = ",".join(f"{one}={value}" for one, value in pairs if one != name)
        yield Suspicion("field_not_signed", {"auth": kept}, told={"name": name})
    yield from _timestamps(text, authorization.field("timestamp"))


def _orders(pairs: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    """As sent, and every other way while there are few."""
    yield pairs
    yield from permutations(pairs) if len(pairs) <= _PERMUTED_MAX else (sorted(pairs), pairs[::-1])


def _timestamps(text: str, sent: str) -> Iterator[Suspicion]:
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 16):
        return
    old = f"timestamp={sent}"
    in_seconds = str(int(sent) // 1000)
    yield Suspicion("timestamp_in_seconds", {"auth": text.replace(old, f"timestamp={in_seconds}")}, usual=True)
    for other in (int(in_seconds) * 1000, *(int(sent) + ticks for ticks in _TICKS_MS)):
        if str(other) != sent:
            told = {"signed": str(other), "sent": sent}
            yield Suspicion("other_timestamp", {"auth": text.replace(old, f"timestamp={other}")}, told=told)


def _whole(right: Text, authorization: Authorization) -> Iterator[Suspicion]:
    """The text as a whole, in somebody else's shape."""
    head = f"{right.auth}\n".encode("utf-8", "replace")
    timestamp, nonce = authorization.field("timestamp"), authorization.field("nonce")
    for stamp in (timestamp, timestamp[:-3]):
        lines = [right.method, right.target, stamp, nonce, right.body.decode("utf-8", "replace")]
        written = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        yield Suspicion("wechat_order", {"finish": lambda _, written=written: written})
    yield Suspicion("auth_text_left_out", {"finish": lambda text: text.removeprefix(head)})
    for mark in (b"", b"&", b"\\n", b",", b" "):
        yield Suspicion(
            "joined_otherwise", {"finish": lambda text, mark=mark: text.removesuffix(b"\n").replace(b"\n", mark)}
        )
        yield Suspicion("joined_otherwise", {"finish": lambda text, mark=mark: text.replace(b"\n", mark)})
    yield Suspicion("other_charset", {"finish": _gbk})
    for name in ("sha256", "sha1", "md5"):
        yield Suspicion(
            "hashed_before", {"finish": lambda text, name=name: hashlib.new(name, text).hexdigest().encode()}
        )
        yield Suspicion("hashed_before", {"finish": lambda text, name=name: hashlib.new(name, text).digest()})


def _gbk(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").encode("gbk", "replace")
