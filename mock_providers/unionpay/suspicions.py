"""
What callers do to fields, values and text before they sign: each suspicion is one change of the recipe.

Likeliest first; the doctor stops at the first that the signature confirms.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from mock_providers.core.signatures.doctor import Suspicion
from mock_providers.unionpay.recipe import Pairs, PairsStep, Received, same
from mock_providers.unionpay.times import moment_of, text_of
from mock_providers.unionpay.wire import form_pairs, read_fields

_TOLD_MAX_CHARS = 200
_YEARS = (1971, 9000)
_CLOCK_TICKS_S = (1, -1, 2, -2, 8 * 3600, -8 * 3600)
# Fields with one usual value, which may be signed and then not sent.
_USUAL_VALUES = (
    *(("encoding", "UTF-8"), ("encoding", "utf-8"), ("version", "5.1.0"), ("signMethod", "01"), ("accessType", "0")),
    *(("channelType", "07"), ("channelType", "08"), ("currencyCode", "156"), ("txnSubType", "00"), ("certId", "")),
    *(("backUrl", ""), ("reqReserved", ""), ("frontUrl", ""), ("orderDesc", ""), ("reserved", "")),
)


def suspicions(received: Received) -> Iterator[Suspicion]:
    """Everything that this message makes thinkable."""
    yield from which_fields(received)
    yield from how_read(received)
    yield from orders(received)
    yield from values(received)
    yield from whole_texts(received)
    yield from one_left_out(received)
    yield from one_lost(received)


def which_fields(received: Received) -> Iterator[Suspicion]:
    """
    One of the fields that name the signer or the method left out, or `signature` kept in.

    Facts: unionpay/sign-string, unionpay/empty-values
    """
    for name, cause in (("certId", "cert_id_not_signed"), ("signMethod", "sign_method_not_signed")):
        if name in received.fields:
            yield Suspicion(cause, {"left_out": frozenset({"signature", name})}, usual=True)
    if "signPubKeyCert" in received.fields:
        yield Suspicion("certificate_not_signed", {"left_out": frozenset({"signature", "signPubKeyCert"})}, usual=True)
        yield Suspicion("certificate_line_breaks", {"values": _each_value(lambda one: one.replace("\r\n", "\n"))})
        yield Suspicion(
            "certificate_line_breaks", {"values": _each_value(lambda one: f"{one}\r\n" if "-----" in one else one)}
        )
    for placeholder in ("", "null", "None"):
        yield Suspicion("signature_included", {"add": _adding("signature", placeholder), "left_out": frozenset()})
    for word in ("null", "None", "undefined"):
        yield Suspicion("empty_values_spelled", {"values": _each_value(partial(_or_word, word=word))})


def _or_word(value: str, *, word: str) -> str:
    return value or word


def _adding(name: str, value: str) -> PairsStep:
    return lambda pairs: (*(pair for pair in pairs if pair[0] != name), (name, value))


def _each_value(change: Callable[[str], str]) -> PairsStep:
    return lambda pairs: tuple((name, change(value)) for name, value in pairs)


def how_read(received: Received) -> Iterator[Suspicion]:
    """
    Taken from the wire in another way than the gateway takes it.

    Facts: unionpay/request, unionpay/charset
    """
    raw, codec = received.raw, received.codec
    yield Suspicion("values_encoded", {"read": lambda: raw}, usual=True)
    for decode in (unquote, unquote_plus):
        yield Suspicion("encoded_twice", {"read": _decoding(raw, codec, unquote_plus, decode)})
    yield Suspicion("plus_for_space", {"read": _decoding(raw, codec, unquote)}, usual=True)
    other = "gbk" if codec == "utf-8" else "utf-8"
    yield Suspicion("other_charset", {"codec": other}, usual=True)
    yield Suspicion("other_charset", {"read": lambda: _read(received.form, other), "codec": other}, usual=True)
    yield Suspicion("other_charset", {"read": lambda: _read(received.form, other)})
    for lossy in ("latin-1", "ascii"):
        yield Suspicion("other_charset", {"codec": lossy})
    yield Suspicion("bom", {"codec": "utf-8-sig"})
    yield Suspicion("duplicate_field", {"read": lambda: tuple(dict(_decoding(raw, codec, unquote_plus)()).items())})


def _decoding(raw: Pairs, codec: str, *steps: Callable[..., str]) -> Callable[[], Pairs]:
    def read() -> Pairs:
        pairs = raw
        for step in steps:
            pairs = tuple(
                (step(name, encoding=codec, errors="replace"), step(value, encoding=codec, errors="replace"))
                for name, value in pairs
            )
        return pairs

    return read


def _read(form: bytes, codec: str) -> Pairs:
    return tuple(read_fields(form_pairs(form), codec=codec).items())


def orders(received: Received) -> Iterator[Suspicion]:
    """Not sorted, or sorted by something else than the name's bytes."""
    place = {name: number for number, (name, _) in enumerate(received.raw)}
    yield Suspicion("unsorted", {"order": _by(lambda pair: place.get(pair[0], len(place)))}, usual=True)
    yield Suspicion("unsorted", {"order": same})
    for key in (lambda pair: pair[0].lower(), lambda pair: pair[1], lambda pair: (len(pair[0]), pair[0])):
        yield Suspicion("sorted_otherwise", {"order": _by(key)})
    yield Suspicion("sorted_otherwise", {"order": lambda pairs: tuple(sorted(pairs, reverse=True))})
    for name in ("certId", "signPubKeyCert", "version"):
        yield Suspicion("sorted_otherwise", {"order": _by(partial(_last, name=name))})


def _last(pair: tuple[str, str], *, name: str) -> object:
    return pair[0] == name, pair[0]


def _by(key: Callable[[tuple[str, str]], object]) -> PairsStep:
    return lambda pairs: tuple(sorted(pairs, key=key))  # type: ignore[arg-type]  # whatever it gives can be compared


def values(received: Received) -> Iterator[Suspicion]:
    """Values and names written in another way."""
    for encode in (partial(quote_plus, errors="replace"), partial(quote, safe="", errors="replace"), quote):
        yield Suspicion("values_encoded", {"values": _each_value(encode)}, usual=encode is not quote)
    for mark in ('"', "'"):
        yield Suspicion("values_quoted", {"values": _each_value(partial(_quoted, mark=mark))})
    yield Suspicion("braces_dropped", {"values": _each_value(_without_braces)})
    for escape in (partial(html.escape, quote=False), html.escape):
        yield Suspicion("html_escaped", {"values": _each_value(escape)})
    for rename in (str.lower, str.upper):
        yield Suspicion("names_changed", {"names": lambda pairs, rename=rename: _renamed(pairs, rename)}, usual=True)
    for name in ("txnAmt", "settleAmt"):
        digits = received.get(name)
        if digits.isascii() and digits.isdigit() and len(digits) < 13:
            yuan = f"{int(digits) // 100}.{int(digits) % 100:02d}"
            for other in (yuan, f"{int(digits)}", f"{int(digits):012d}", f"{int(digits)}00"):
                yield Suspicion("amount_rewritten", {"values": _setting(name, other)})
    for other in _other_moments(received.get("txnTime")):
        yield Suspicion("moment_rewritten", {"values": _setting("txnTime", other)})


def _quoted(value: str, *, mark: str) -> str:
    return f"{mark}{value}{mark}"


def _without_braces(value: str) -> str:
    return value[1:-1] if value[:1] + value[-1:] in {"{}", "[]"} else value


def _renamed(pairs: Pairs, rename: Callable[[str], str]) -> Pairs:
    return tuple((rename(name), value) for name, value in pairs)


def _setting(name: str, value: str) -> PairsStep:
    return lambda pairs: tuple((one, value if one == name else old) for one, old in pairs)


def _other_moments(text: str) -> Iterator[str]:
    try:
        at = moment_of(text)
    except ValueError:
        return
    if not _YEARS[0] < at.year < _YEARS[1]:
        return
    yield f"{at:%Y-%m-%d %H:%M:%S}"
    yield f"{at:%Y%m%d}"
    yield f"{at.timestamp():.0f}"
    for ticks in _CLOCK_TICKS_S:
        yield text_of(at + timedelta(seconds=ticks))


def whole_texts(received: Received) -> Iterator[Suspicion]:
    """The text as a whole: joined, begun, ended or escaped in another way, or something else altogether."""
    yield Suspicion("trailing_ampersand", {"finish": lambda text: f"{text}&"}, usual=True)
    for tail in ("\n", "\r\n"):
        yield Suspicion("trailing_newline", {"finish": lambda text, tail=tail: text + tail}, usual=True)
    for head in ("?", "&", " "):
        yield Suspicion("leading_character", {"finish": lambda text, head=head: head + text})
    for escape in (partial(html.escape, quote=False), html.escape):
        yield Suspicion("html_escaped", {"finish": escape})
    yield Suspicion("in_braces", {"finish": lambda text: f"{{{text}}}"})
    for mark in ("", ",", "\n"):
        yield Suspicion("joined_otherwise", {"join": partial(_between, mark=mark)})
    yield Suspicion("joined_otherwise", {"join": lambda pairs: "".join(value for _, value in pairs)})
    for separators in ((",", ":"), None):
        yield Suspicion("json_signed", {"join": partial(_json_of, separators=separators)})
    target = received.request.target
    if "/" in target:
        yield Suspicion("whole_url_signed", {"finish": lambda text: f"{target}?{text}"})


def _between(pairs: Pairs, *, mark: str) -> str:
    return mark.join(f"{name}={value}" for name, value in pairs)


def _json_of(pairs: Pairs, *, separators: tuple[str, str] | None) -> str:
    return json.dumps(dict(pairs), ensure_ascii=False, separators=separators)


def one_left_out(received: Received) -> Iterator[Suspicion]:
    """A field that was sent and not signed."""
    for name in received.fields:
        if name != "signature":
            told = {"name": re.sub(r"\s", " ", name)[:_TOLD_MAX_CHARS]}
            yield Suspicion("field_not_signed", {"left_out": frozenset({"signature", name})}, told=told)


def one_lost(received: Received) -> Iterator[Suspicion]:
    """A field that was signed and not sent."""
    for name, value in _USUAL_VALUES:
        if name not in received.fields:
            told = {"name": name, "value": value}
            yield Suspicion("signed_field_lost", {"add": _adding(name, value)}, told=told)
