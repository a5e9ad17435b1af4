"""
Bytes to parameters and answers to bytes: targets, form bodies, charsets, the envelope and its signature.

Knows no trade and no method by name.
"""

import codecs
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_providers.alipay.content import encrypted
from mock_providers.alipay.signing import sign
from mock_providers.core.records import record
from mock_providers.core.wire.escapes import escaped, unescaped_pairs
from mock_providers.core.wire.reply import ProviderReply, WireReply

CODECS: Mapping[str, str] = MappingProxyType({"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gbk", "gb2312": "gbk"})

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.ASCII | re.IGNORECASE)
_METHOD = re.compile(r"[A-Za-z0-9_.]{1,128}", re.ASCII)
FIELDS_MAX = 200
_BRACE = re.compile(r"[{}]")
_NO_JSON = re.compile(r"[\ud800-\udfff]")

Pairs = list[tuple[bytes, bytes]]


def split_target(target: str) -> tuple[str, str]:
    """
    Path and query of a request target, which may be a whole URL.

    Facts: alipay/absolute-form
    """
    found = _ABSOLUTE.match(target)
    path, _, query = (target[found.end() :] if found else target).partition("?")
    return path or "/", query.partition("#")[0]


def form_pairs(text: bytes) -> Pairs:
    """
    Names and values of a query or a form body, percent escapes undone; still bytes, for the charset is not known yet.

    Raises:
        ValueError: too many parameters to be honest.

    Facts: alipay/params-placement
    """
    if text.count(b"&") >= FIELDS_MAX:
        raise ValueError("too many parameters")
    return unescaped_pairs(text)


def charset_of(pairs: Pairs) -> str | None:
    """
    The declared charset as it was spelled, read before anything is decoded; the query comes first in *pairs*.

    Facts: alipay/params-placement, alipay/charset
    """
    return next((value.decode("latin-1") for name, value in pairs if name == b"charset"), None)


def codec_named(charset: str | None) -> str:
    """
    The codec of the charset of that name; the platform's usual one where it is none, or none that it knows.

    Facts: alipay/charset
    """
    return CODECS.get((charset or "").lower(), "gbk")


def read_params(pairs: Pairs, *, codec: str) -> dict[str, str]:
    """
    The union of query and body, decoded; a name that comes twice keeps its first value.

    Facts: alipay/params-placement
    """
    params: dict[str, str] = {}
    for name, value in pairs:
        params.setdefault(name.decode(codec, "replace"), value.decode(codec, "replace"))
    return params


def form_bytes(fields: Mapping[str, str], *, codec: str, percent_spaces: bool = False) -> bytes:
    """
    A form body: percent-encoded in the charset, spaces as plus signs.

    Args:
        percent_spaces: spaces as %20, which says the same.

    Facts: alipay/notify-transport
    """
    form = "&".join(
        [f"{name}={escaped(value, codec=codec, errors='xmlcharrefreplace')}" for name, value in fields.items()]
    )
    return (form.replace("+", "%20") if percent_spaces else form).encode("ascii")


@lru_cache(maxsize=256)
def envelope_key(method: str | None) -> str:
    """
    The name of the object in the answer; `error_response` only where there is no method to name it after.

    Facts: alipay/sync-envelope, alipay/unsigned-errors
    """
    if not method or not _METHOD.fullmatch(method):
        return "error_response"
    return method.replace(".", "_") + "_response"


@record
class Dress:
    """
    What an answer wears besides its signature.

    Args:
        cert_sn: of the certificate whose key signs; "" in public-key mode.
        aes_key: encrypts what the method itself says; what the gateway refuses goes in clear.
        damaged: the signature covers other bytes than the ones sent.
        spelling: of the object, where it is not the usual one.
    """

    cert_sn: str = ""
    aes_key: bytes | None = None
    damaged: bool = False
    spelling: str = ""


PLAIN_DRESS = Dress()
# Success, waiting for the buyer, and the method's own refusals. Facts: alipay/aes, alipay/gateway-codes
_METHODS_OWN = frozenset({"10000", "10003", "40004"})


def wire_reply(
    reply: ProviderReply,
    *,
    method: str | None,
    codec: str,
    key: RSAPrivateKey,
    sign_type: str,
    trace_id: str,
    dress: Dress = PLAIN_DRESS,
) -> WireReply:
    """
    Write the object once, sign exactly those bytes, and splice them into the envelope with the signature last.

    Facts: alipay/sync-envelope, alipay/sync-sign, alipay/http-200, alipay/charset, alipay/cert-mode, alipay/aes
    """
    inner = (spelled(_ordered(reply), dress.spelling) if dress.spelling else _inner_text(reply)).encode(
        codec, "alipay-json"
    )
    if dress.aes_key is not None and reply.code in _METHODS_OWN:
        inner = b'"%b"' % encrypted(inner, key=dress.aes_key).encode("ascii")
    name = envelope_key(method).encode("ascii")
    if reply.signed:
        signature = sign(key, inner + b" " if dress.damaged else inner, sign_type).encode("ascii")
        whose = b'"alipay_cert_sn":"%b",' % dress.cert_sn.encode("ascii") if dress.cert_sn else b""
        body = b'{"%b":%b,%b"sign":"%b"}' % (name, inner, whose, signature)
    else:
        body = b'{"%b":%b}' % (name, inner)
    content_type = "text/html;charset=utf-8" if codec == "utf-8" else "text/html;charset=GBK"
    return WireReply(
        status=reply.http_status,
        headers=(("Content-Type", content_type), ("trace_id", trace_id)),
        body=body,
        string_to_sign=inner.decode(codec) if reply.signed else None,
    )


def _inner_text(reply: ProviderReply) -> str:
    ordered = _ordered(reply)
    return _json_flat(ordered) or _json_text(ordered)


def _ordered(reply: ProviderReply) -> dict[str, object]:
    # The answers of OAuth have no code where they succeed.
    ordered: dict[str, object] = {"code": reply.code, "msg": reply.msg} if reply.code else {}
    if reply.sub_code:
        ordered |= {"sub_code": reply.sub_code, "sub_msg": reply.sub_msg}
    return ordered | {name: reply.fields[name] for name in sorted(reply.fields)}


def spelled(ordered: dict[str, object], spelling: str) -> str:
    """
    An object in another lawful spelling: what is signed is what is sent, however it is written.

    Facts: alipay/sync-sign, alipay/braces
    """
    if spelling == "spaced":
        return json.dumps(ordered, ensure_ascii=False, indent=1)
    if spelling == "reordered":
        return _json_text(dict(reversed(ordered.items())))
    if spelling == "escaped_slashes":
        return _json_text(ordered).replace("/", "\\/")
    if spelling == "braces":
        return _json_text(ordered).removesuffix("}") + ',"new_field":"one { too many"}'
    return _json_text(ordered)


def _json_flat(fields: Mapping[str, object]) -> str | None:
    """The usual answer in one go; None where a text has braces or what JSON cannot carry, or something is nested."""
    try:
        text = orjson.dumps(fields).decode()
    except TypeError:
        return None
    return text if text.count("{") == text.count("}") == 1 and "[" not in text else None


def _json_text(value: object) -> str:
    if isinstance(value, str):
        return _json_string(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json_string(name)}:{_json_text(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json_text, value)) + "]"
    return orjson.dumps(value).decode()


def _json_string(value: str) -> str:
    """
    A JSON string that every SDK reads, if it can be had.

    One popular SDK counts braces without looking at quotes, another misreads every escape with a letter in it. So only
    braces that would mislead the first are escaped.

    Facts: alipay/braces
    """
    text = orjson.dumps(value if value.isascii() else _NO_JSON.sub("\ufffd", value)).decode()
    return (
        text
        if ("{" not in text and "}" not in text) or _balanced(text)
        else text.replace("{", "\\u007b").replace("}", "\\u007d")
    )


def _balanced(text: str) -> bool:
    depth = 0
    for brace in _BRACE.findall(text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _escape_for_json(problem: UnicodeError) -> tuple[str, int]:
    """What a charset cannot carry is written as JSON escapes."""
    assert isinstance(problem, UnicodeEncodeError)
    lost = problem.object[problem.start : problem.end].encode("utf-16-be")
    units = (int.from_bytes(lost[place : place + 2], "big") for place in range(0, len(lost), 2))
    return "".join(f"\\u{unit:04x}" for unit in units), problem.end


codecs.register_error("alipay-json", _escape_for_json)
