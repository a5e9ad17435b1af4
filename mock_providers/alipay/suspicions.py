"""
What callers do to parameters before they sign them: read in another way, too many, too few, another charset.

Each suspicion is one change of the recipe; `rewritings.py` has those that concern order, values and text.
"""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, unquote, unquote_plus

from mock_providers.alipay.recipe import Pairs, PairsStep, Received, first_of, same, without_empty
from mock_providers.alipay.wire import Pairs as BytePairs
from mock_providers.alipay.wire import form_pairs, read_params
from mock_providers.core.signatures.doctor import Suspicion

# What was not read as parameters is looked at again only while that is cheap.
_BODY_MAX_BYTES = 100_000
_FIELDS_MAX = 200


def which_parameters(received: Received) -> Iterator[Suspicion]:
    """Facts: alipay/sign-string, alipay/empty-values, alipay/notify-sign."""
    if received.notify:
        yield Suspicion("sign_type_included", {"left_out": frozenset({"sign"})}, usual=True)
        yield Suspicion("empty_values_dropped", {"empties": without_empty}, usual=True)
    else:
        yield Suspicion("sign_type_left_out", {"left_out": frozenset({"sign", "sign_type"})}, usual=True)
        yield Suspicion("empty_values_kept", {"empties": same}, usual=True)
        yield Suspicion("empty_values_kept", {"empties": lambda pairs: tuple(pair for pair in pairs if pair[1])})
        for word in ("null", "None", "undefined"):
            yield Suspicion("empty_values_kept", {"empties": _empty_as(word)})
    for placeholder in ("", "null", "None", "undefined"):
        yield Suspicion("sign_included", {"add": _adding("sign", placeholder)}, usual=not placeholder)


def _empty_as(word: str) -> PairsStep:
    return lambda pairs: tuple((name, value if value.strip() else word) for name, value in pairs)


def _adding(name: str, value: str) -> PairsStep:
    return lambda pairs: (*pairs, (name, value))


def how_read(received: Received) -> Iterator[Suspicion]:
    """
    Taken from the wire in another way than the gateway takes it.

    Facts: alipay/params-placement, alipay/charset
    """
    raw, codec = received.raw, received.codec
    yield Suspicion("values_encoded", {"read": lambda: first_of(raw)}, usual=True)
    for decode in (unquote, unquote_plus):
        yield Suspicion("encoded_twice", {"read": _decoding(raw, codec, unquote_plus, decode)}, usual=decode is unquote)
    yield Suspicion("plus_for_space", {"read": _decoding(raw, codec, unquote)}, usual=True)
    other = "gbk" if codec == "utf-8" else "utf-8"
    yield Suspicion("other_charset", {"codec": other}, usual=True)
    yield Suspicion("other_charset", {"read": lambda: _read(received.pairs, other), "codec": other}, usual=True)
    yield Suspicion("other_charset", {"read": lambda: _read(received.pairs, other)})
    for lossy in ("latin-1", "ascii", "utf-8-sig"):
        yield Suspicion("other_charset" if lossy != "utf-8-sig" else "bom", {"codec": lossy}, usual=True)
    yield Suspicion("duplicate_parameter", {"read": lambda: _last_of(raw, codec)})
    yield Suspicion("ampersand_not_escaped", {"read": lambda: _glued(raw, codec)})
    if received.query and received.body_pairs:
        yield Suspicion("body_not_signed", {"read": lambda: _read(form_pairs(received.query), codec)}, usual=True)
        yield Suspicion("query_not_signed", {"read": lambda: _read(received.body_pairs, codec)}, usual=True)
    body = received.request.body
    if body and not received.body_pairs and len(body) < _BODY_MAX_BYTES and body.count(b"&") < _FIELDS_MAX:
        for fields in _fields_of(body, codec):
            yield Suspicion("body_not_form", {"read": lambda fields=fields: (*received.params.items(), *fields)})


def _decoding(raw: Pairs, codec: str, *steps: Callable[..., str]) -> Callable[[], Pairs]:
    def read() -> Pairs:
        pairs = first_of(raw)
        for step in steps:
            pairs = tuple(
                (step(name, encoding=codec, errors="replace"), step(value, encoding=codec, errors="replace"))
                for name, value in pairs
            )
        return pairs

    return read


def _read(pairs: BytePairs, codec: str) -> Pairs:
    return tuple(read_params(pairs, codec=codec).items())


def _last_of(raw: Pairs, codec: str) -> Pairs:
    return tuple(dict(_decoding_all(raw, codec)).items())


def _decoding_all(raw: Pairs, codec: str) -> Pairs:
    return tuple(
        (unquote_plus(name, encoding=codec, errors="replace"), unquote_plus(value, encoding=codec, errors="replace"))
        for name, value in raw
    )


def _glued(raw: Pairs, codec: str) -> Pairs:
    """Names that no parameter has are the rest of the value before them, cut off at a bare ampersand."""
    glued: list[tuple[str, str]] = []
    for name, value in raw:
        if glued and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            before, start = glued[-1]
            glued[-1] = (before, f"{start}&{name}={value}" if value else f"{start}&{name}")
        else:
            glued.append((name, value))
    return first_of(_decoding_all(tuple(glued), codec))


def _fields_of(body: bytes, codec: str) -> Iterator[Pairs]:
    text = body.decode(codec, "replace")
    yield tuple(parse_qsl(text, keep_blank_values=True, encoding=codec, errors="replace"))
    yield (("biz_content", text),)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(fields, dict):
        yield tuple((name, value) for name, value in fields.items() if isinstance(value, str))


# The manual's common parameters, and what the SDKs are seen to add. Facts: alipay/common-params
_COMMON = frozenset(
    {"app_id", "method", "format", "charset", "sign_type", "sign", "timestamp", "version", "notify_url", "return_url"}
    | {"app_auth_token", "auth_token", "encrypt_type", "app_cert_sn", "alipay_root_cert_sn", "biz_content"}
)
_TOLD_MAX_CHARS = 200
# Parameters with one usual value, which may be signed and then not sent.
_USUAL_VALUES = (
    ("format", "JSON"),
    ("format", "json"),
    ("charset", "utf-8"),
    ("charset", "UTF-8"),
    ("version", "1.0"),
    ("sign_type", "RSA2"),
    ("biz_content", "{}"),
    ("app_auth_token", ""),
    ("auth_token", ""),
    ("notify_url", ""),
    ("return_url", ""),
    ("format", ""),
    ("app_auth_token", "null"),
    ("auth_token", "null"),
    ("notify_url", "null"),
    ("return_url", "null"),
)


def one_left_out(received: Received) -> Iterator[Suspicion]:
    left_out = received.left_out
    strangers = [name for name in received.params if name not in _COMMON and not received.notify]
    if strangers:
        names = ", ".join(strangers)[:_TOLD_MAX_CHARS]
        cause = "parameter_not_signed"
        yield Suspicion(cause, {"left_out": left_out | set(strangers)}, usual=True, told={"name": names})
    for name in received.params:
        if name not in {"sign", "sign_type"}:
            yield Suspicion(
                "parameter_not_signed", {"left_out": left_out | {name}}, told={"name": name[:_TOLD_MAX_CHARS]}
            )


def one_lost(received: Received) -> Iterator[Suspicion]:
    for name, value in _USUAL_VALUES:
        if name not in received.params and name not in received.left_out:
            told = {"name": name, "value": value}
            yield Suspicion("signed_parameter_lost", {"add": _adding(name, value)}, told=told)
