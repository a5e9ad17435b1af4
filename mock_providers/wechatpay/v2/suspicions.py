"""
What callers of the XML API do before they sign: fields too many or too few, another order, other texts.

Each suspicion is one change of the recipe.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import quote, quote_plus

from mock_providers.core.signatures.doctor import Suspicion
from mock_providers.wechatpay.v2.recipe import Pairs, PairsStep, Received, same

_TOLD_MAX_CHARS = 200
_URL = "https://api.mch.weixin.qq.com"
# What may be signed and then not sent.
_USUAL_VALUES = (
    ("sign_type", "MD5"),
    ("sign_type", "HMAC-SHA256"),
    ("signType", "MD5"),
    ("fee_type", "CNY"),
    ("device_info", "WEB"),
    ("limit_pay", "no_credit"),
    ("trade_type", "JSAPI"),
    ("trade_type", "NATIVE"),
    ("attach", "null"),
    ("openid", "null"),
    ("openid", "undefined"),
    ("detail", "null"),
)


def suspicions(received: Received) -> Iterator[Suspicion]:
    """Everything that this message makes thinkable, likeliest first."""
    yield from _which_fields(received)
    yield from _how_read(received)
    yield from _orders(received)
    yield from _values()
    yield from _whole_texts(received)
    yield from _one_left_out(received)
    yield from _one_lost(received)


def _which_fields(received: Received) -> Iterator[Suspicion]:
    """Facts: wechatpay/v2-sign."""
    for name in ("sign_type", "signType"):
        if name in received.fields:
            left_out = frozenset({received.sign_name, name})
            yield Suspicion("sign_type_left_out", {"left_out": left_out}, usual=True)
    yield Suspicion("empty_values_kept", {"empties": same}, usual=True)
    for word in ("null", "None", "undefined"):
        yield Suspicion("empty_values_kept", {"empties": _empty_as(word)})
    for placeholder in ("", "null"):
        yield Suspicion("sign_included", {"add": _adding(received.sign_name, placeholder)}, usual=not placeholder)
    whole = received.fields[received.sign_name]
    yield Suspicion("sign_included", {"add": _adding(received.sign_name, whole)})


def _empty_as(word: str) -> PairsStep:
    return lambda pairs: tuple((name, value or word) for name, value in pairs)


def _adding(name: str, value: str) -> PairsStep:
    return lambda pairs: (*pairs, (name, value))


def _how_read(received: Received) -> Iterator[Suspicion]:
    """Taken from the XML in another way, or written in another charset."""
    raw = received.raw
    yield Suspicion("tags_signed", {"read": lambda: raw}, usual=True)
    yield Suspicion("xml_escaped", {"values": _each_value(partial(html.escape, quote=False))}, usual=True)
    yield Suspicion("xml_escaped", {"values": _each_value(html.escape)})
    yield Suspicion("xml_escaped", {"values": _each_value(html.unescape)})
    for codec in ("gbk", "latin-1", "ascii"):
        yield Suspicion("other_charset", {"codec": codec}, usual=True)
    yield Suspicion("other_charset", {"codec": "utf-8-sig"})


def _orders(received: Received) -> Iterator[Suspicion]:
    """Not sorted, or sorted by something else than the name's bytes."""
    place = {name: number for number, (name, _) in enumerate(received.raw)}
    yield Suspicion(
        "unsorted", {"order": lambda pairs: tuple(sorted(pairs, key=lambda one: place.get(one[0], 0)))}, usual=True
    )
    for order in (
        _by(lambda pair: pair[0].lower()),
        _by(lambda pair: pair[0].replace("_", "")),
        _by(lambda pair: pair[1]),
        _by(lambda pair: f"{len(pair[0]):05d}{pair[0]}"),
        lambda pairs: tuple(sorted(pairs, reverse=True)),
        _last("sign_type"),
        _last("nonce_str"),
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


def _values() -> Iterator[Suspicion]:
    """Values and names written in another way."""
    for encode in (quote_plus, partial(quote, safe=""), quote, partial(quote, safe="!'()*~")):
        yield Suspicion("values_encoded", {"values": _each_value(encode)}, usual=encode is quote_plus)
    for mark in ('"', "'"):
        yield Suspicion("values_quoted", {"values": _each_value(partial(_quoted, mark=mark))})
    yield Suspicion("values_trimmed", {"values": _each_value(str.strip)})
    yield Suspicion("zero_dropped", {"empties": lambda pairs: tuple(one for one in pairs if one[1] not in {"", "0"})})
    for change in (_as_yuan, lambda text: f"{text}.0", lambda text: f"{text}.00"):
        yield Suspicion("amount_rewritten", {"values": _each_amount(change)})
    for rename in (str.lower, str.upper, _camel, _snake):
        yield Suspicion("names_changed", {"names": _each_name(rename)}, usual=True)
    yield Suspicion("names_changed", {"names": _each_name(_client_name)})


def _quoted(value: str, *, mark: str) -> str:
    return f"{mark}{value}{mark}"


def _each_amount(change: Callable[[str], str]) -> PairsStep:
    def rewrite(pairs: Pairs) -> Pairs:
        return tuple(
            (name, change(value) if name.endswith("_fee") and value.isdigit() else value) for name, value in pairs
        )

    return rewrite


def _as_yuan(text: str) -> str:
    return f"{int(text) // 100}.{int(text) % 100:02d}" if len(text) < 16 else text


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _client_name(name: str) -> str:
    """A page's names where an app's are meant, and the other way round."""
    swaps = {"timestamp": "timeStamp", "timeStamp": "timestamp"}
    return swaps.get(name, name)


def _whole_texts(received: Received) -> Iterator[Suspicion]:
    """The string as a whole."""
    for tail, cause in (("&", "trailing_ampersand"), ("\n", "trailing_newline"), ("\r\n", "trailing_newline")):
        yield Suspicion(cause, {"finish": lambda text, tail=tail: text + tail}, usual=True)
    yield Suspicion("text_changed_case", {"finish": str.lower})
    yield Suspicion("text_changed_case", {"finish": str.upper})
    for finish in (quote_plus, partial(quote, safe=""), quote):
        yield Suspicion("values_encoded", {"finish": finish})
    yield Suspicion("html_entities", {"finish": html.unescape})
    for join in (_without_marks, _values_alone, partial(_between, mark=","), partial(_between, mark="\n")):
        yield Suspicion("joined_otherwise", {"join": join})
    for compact in (True, False):
        yield Suspicion("json_signed", {"join": partial(_json_of, compact=compact)})
    body = received.request.body.decode("utf-8", "replace")
    without_sign = re.sub(r"<sign>.*?</sign>\s*", "", body, flags=re.DOTALL)
    for text in (body, without_sign):
        yield Suspicion("whole_xml_signed", {"finish": lambda _, text=text: text})
    target = received.request.target
    for head in (f"{_URL}{target}?", f"{target}?", "?"):
        yield Suspicion("url_signed", {"finish": lambda text, head=head: head + text})


def _without_marks(pairs: Pairs) -> str:
    return "".join(f"{name}={value}" for name, value in pairs)


def _values_alone(pairs: Pairs) -> str:
    return "".join(value for _, value in pairs)


def _between(pairs: Pairs, *, mark: str) -> str:
    return mark.join(f"{name}={value}" for name, value in pairs)


def _json_of(pairs: Pairs, *, compact: bool) -> str:
    return json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":") if compact else None)


def _one_left_out(received: Received) -> Iterator[Suspicion]:
    for name in received.fields:
        if name not in {received.sign_name, "sign_type", "signType"}:
            left_out = frozenset({received.sign_name, name})
            yield Suspicion("field_not_signed", {"left_out": left_out}, told={"name": name[:_TOLD_MAX_CHARS]})


def _one_lost(received: Received) -> Iterator[Suspicion]:
    for name, value in _USUAL_VALUES:
        if name not in received.fields:
            yield Suspicion("signed_field_lost", {"add": _adding(name, value)}, told={"name": name, "value": value})
