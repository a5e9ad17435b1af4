"""
What callers do to order, values and text before they sign: the second half of the table of suspicions.

Nothing here is vendor lore; it is how languages and frameworks write JSON, dates, URLs and HTML.
"""

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from functools import partial
from urllib.parse import quote, quote_plus

from mock_providers.alipay.recipe import Pairs, PairsStep, Received, first_of
from mock_providers.alipay.times import moment_of, text_of
from mock_providers.core.signatures.doctor import Suspicion

_JSON_MAX_CHARS = 20_000
_JSON_DEPTH_MAX = 200
_CLOCK_TICKS_S = (1, -1, 2, -2, 3, -3, 8 * 3600, -8 * 3600)
# Far from where arithmetic with dates ends.
_YEARS = (1971, 9000)
_URLS = ("https://openapi.alipay.com/gateway.do", "https://openapi-sandbox.dl.alipaydev.com/gateway.do")


def orders(received: Received) -> Iterator[Suspicion]:
    """Not sorted, or sorted by something else than the name's bytes."""
    sent = [name for name, _ in first_of(received.raw)]
    place = {name: number for number, name in enumerate(sent)}
    in_query = {name for name in sent if name.encode() in received.query}

    def as_sent(pairs: Pairs) -> Pairs:
        return tuple(sorted(pairs, key=lambda pair: place.get(pair[0], len(place))))

    def by_part(pairs: Pairs) -> Pairs:
        return tuple(sorted(pairs, key=lambda pair: (pair[0] not in in_query, pair)))

    def body_first(pairs: Pairs) -> Pairs:
        return tuple(sorted(pairs, key=lambda pair: (pair[0] in in_query, pair)))

    yield Suspicion("unsorted", {"order": as_sent}, usual=True)
    for order in (
        _by(lambda pair: pair[0].lower()),
        _by(lambda pair: f"{pair[0]}={pair[1]}"),
        _by(lambda pair: pair[1]),
        _by(lambda pair: f"{len(pair[0]):05d}"),
        lambda pairs: tuple(sorted(pairs, reverse=True)),
        by_part,
        body_first,
        _last("biz_content"),
        _last("sign_type"),
    ):
        yield Suspicion("sorted_otherwise", {"order": order})


def _by(key: Callable[[tuple[str, str]], str]) -> PairsStep:
    return lambda pairs: tuple(sorted(pairs, key=key))


def _last(name: str) -> PairsStep:
    return lambda pairs: tuple(sorted(pairs, key=lambda pair: (pair[0] == name, pair)))


def _each_value(change: Callable[[str], str]) -> PairsStep:
    return lambda pairs: tuple((name, change(value)) for name, value in pairs)


def _each_name(change: Callable[[str], str]) -> PairsStep:
    return lambda pairs: tuple((change(name), value) for name, value in pairs)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _quoted(text: str, *, mark: str) -> str:
    return f"{mark}{text}{mark}"


def _lower_hex(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote_plus(text, errors="replace"))


def values() -> Iterator[Suspicion]:
    """Values and names written in another way."""
    for encode, usual in (
        (partial(quote_plus, errors="replace"), True),
        (partial(quote, safe="", errors="replace"), True),
        (partial(quote, errors="replace"), False),
        (partial(quote, safe="!'()*~", errors="replace"), False),
        (partial(quote_plus, safe="*", errors="replace"), False),
        (_lower_hex, False),
    ):
        yield Suspicion("values_encoded", {"values": _each_value(encode)}, usual=usual)
    yield Suspicion("plus_for_space", {"values": _each_value(lambda value: value.replace(" ", "+"))})
    for escape in (partial(html.escape, quote=False), html.escape):
        yield Suspicion("html_escaped", {"values": _each_value(escape)})
    for mark in ('"', "'"):
        yield Suspicion("values_quoted", {"values": _each_value(partial(_quoted, mark=mark))}, usual=mark == '"')
    yield Suspicion("values_trimmed", {"values": _each_value(str.strip)})
    for rename in (str.lower, str.upper, _camel):
        yield Suspicion("names_changed", {"names": _each_name(rename)}, usual=True)


def whole_texts(received: Received) -> Iterator[Suspicion]:
    """The string as a whole: joined, begun, ended or escaped in another way, or something else altogether."""
    for tail, cause in (("&", "trailing_ampersand"), ("\n", "trailing_newline"), ("\r\n", "trailing_newline")):
        yield Suspicion(cause, {"finish": lambda text, tail=tail: text + tail}, usual=True)
    for head in ("?", "&", " "):
        yield Suspicion("leading_character", {"finish": lambda text, head=head: head + text})
    yield Suspicion("html_escaped", {"finish": partial(html.escape, quote=False)}, usual=True)
    yield Suspicion("html_escaped", {"finish": html.escape})
    yield Suspicion("html_entities", {"finish": html.unescape}, usual=True)
    for join in (_without_marks, _values_alone, partial(_between, mark=","), partial(_between, mark="\n")):
        yield Suspicion("joined_otherwise", {"join": join})
    yield Suspicion("joined_otherwise", {"join": lambda pairs: "&".join(f"{name}:{value}" for name, value in pairs)})
    for compact in (True, False):
        yield Suspicion("json_signed", {"join": partial(_json_of, compact=compact)})
    yield Suspicion("only_biz_content", {"join": lambda pairs: dict(pairs).get("biz_content", "")})
    yield from _urls(received)
    for name in ("sha256", "sha1", "md5"):
        yield Suspicion("hashed_before", {"digest": partial(_hex_digest, name=name)})
        yield Suspicion("hashed_before", {"digest": lambda data, name=name: hashlib.new(name, data).digest()})


def _without_marks(pairs: Pairs) -> str:
    return "".join(f"{name}={value}" for name, value in pairs)


def _values_alone(pairs: Pairs) -> str:
    return "".join(value for _, value in pairs)


def _between(pairs: Pairs, *, mark: str) -> str:
    return mark.join(f"{name}={value}" for name, value in pairs)


def _json_of(pairs: Pairs, *, compact: bool) -> str:
    return json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":") if compact else None)


def _hex_digest(data: bytes, *, name: str) -> bytes:
    return hashlib.new(name, data).hexdigest().encode()


def _urls(received: Received) -> Iterator[Suspicion]:
    """The address before the parameters, with values as they are sent or as they are signed."""
    request = received.request
    place = request.target.partition("?")[0]
    host = next((value for name, value in request.headers if name.lower() == "host"), "")
    here = [f"http://{host}{place}", f"https://{host}{place}"] if host and place.startswith("/") else []
    sent = "&".join(f"{name}={value}" for name, value in received.raw if name not in received.left_out)
    for url in dict.fromkeys((*here, place, *_URLS)):
        yield Suspicion("whole_url_signed", {"finish": lambda text, url=url: f"{url}?{text}"})
        yield Suspicion("whole_url_signed", {"finish": lambda _, url=url: f"{url}?{sent}"})
    for mark in ("&", "\n"):
        for start in (request.method, f"{request.method}{mark}{place}"):
            head = f"{start}{mark}"
            yield Suspicion("method_signed", {"finish": lambda text, head=head: head + text})


def contents(received: Received) -> Iterator[Suspicion]:
    """`biz_content` and `timestamp` written once for signing and once more for sending."""
    for other, usual in _other_json(received.params.get("biz_content", "")):
        yield Suspicion("biz_content_rewritten", {"rewrite": _setting("biz_content", other)}, usual=usual)
    for other in _other_times(received.params.get("timestamp", "")):
        yield Suspicion("timestamp_rewritten", {"rewrite": _setting("timestamp", other)}, usual="T" in other)


def _setting(name: str, value: str) -> PairsStep:
    return lambda pairs: tuple((one, value if one == name else old) for one, old in pairs)


def _other_json(text: str) -> Iterator[tuple[str, bool]]:
    """The same JSON as other writers write it."""
    if not text or len(text) > _JSON_MAX_CHARS or text.count("{") + text.count("[") > _JSON_DEPTH_MAX:
        return
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return
    for in_order in (False, True):
        for ascii_only in (False, True):
            dump = partial(json.dumps, fields, ensure_ascii=ascii_only, sort_keys=in_order)
            for form in (dump(separators=(",", ":")), dump()):
                yield form, True
                yield form.replace("/", "\\/"), False
                yield _as_gson(form), False
            yield dump(indent=2), False
            yield dump(indent=4), False
    yield json.dumps(text, ensure_ascii=False), False
    yield str(fields), False
    yield f"{text}\n", False


def _as_gson(text: str) -> str:
    return re.sub(r"[=&<>']", lambda found: f"\\u{ord(found[0]):04x}", text)


def _other_times(text: str) -> Iterator[str]:
    try:
        at = moment_of(text)
    except ValueError:
        return
    if not _YEARS[0] < at.year < _YEARS[1]:
        return
    day, clock = text.split(" ")
    yield f"{day}T{clock}"
    yield f"{day}T{clock}+08:00"
    yield f"{day}T{clock}Z"
    yield f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield f"{text}.000"
    yield text[:-3]
    yield day
    yield text.replace("-", "/")
    yield re.sub(r"\D", "", text)
    yield f"{at.timestamp():.0f}"
    yield f"{at.timestamp():.0f}000"
    for ticks in _CLOCK_TICKS_S:
        yield text_of(at + timedelta(seconds=ticks))
