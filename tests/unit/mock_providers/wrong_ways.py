"""
Ways to sign wrongly, each as a merchant's own code would do it, written without the simulator's help.

A way is a function from a merchant to a request. What it does wrong stands in its key, which is the cause that the
doctor must name.
"""

import base64
import hashlib
import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mock_providers.core.wire.journal import RawRequest

SUBJECT = "打赏 tip pp000001 <a/b>"
BUSINESS = {"out_trade_no": "o-1", "total_amount": "1.23", "subject": SUBJECT, "body": "a & b"}
COMMON = {
    "version": "1.0",
    "app_id": "",
    "method": "alipay.trade.precreate",
    "format": "JSON",
    "charset": "utf-8",
    "timestamp": "2026-01-02 11:04:05",
    "sign_type": "RSA2",
    "notify_url": "http://127.0.0.1:9/notify?room=a%2Fb",
    "return_url": "",
    "biz_content": json.dumps(BUSINESS, ensure_ascii=False, separators=(",", ":")),
}
FORM = "application/x-www-form-urlencoded"

Fields = dict[str, str]


def joined(fields: Fields, *, drop: tuple[str, ...] = ("sign",)) -> str:
    """The right string."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in drop and fields[name].strip())


@dataclass(frozen=True)
class Attempt:
    """
    One request in the making; each field is a step that can be done wrong.

    Args:
        text: what is signed.
        change: what happens to the fields between signing and sending.
        spell: how the signature is written.
        wire: how a value is written into query and body.
    """

    fields: Fields = field(default_factory=lambda: dict(COMMON))
    prepare: Callable[[Fields], Fields] = dict
    text: Callable[[Fields], str] = joined
    codec: str = "utf-8"
    head: bytes = b""
    key: str = "app"
    hash: Any = field(default_factory=hashes.SHA256)
    padding: AsymmetricPadding = field(default_factory=PKCS1v15)
    spell: Callable[[bytes], str] = lambda raw: base64.b64encode(raw).decode()
    change: Callable[[Fields], Fields] = dict
    wire: Callable[[str], str] = quote_plus
    wire_sign: Callable[[str], str] = quote_plus
    body: tuple[str, ...] = ("biz_content",)
    kind: str = FORM

    def signed_text(self, app_id: str) -> str:
        """What this caller signs."""
        return self.text(self.prepare(self.fields | {"app_id": app_id}))

    def sent(self, directory: Path) -> RawRequest:
        """The request on the wire."""
        fields = self.fields | {"app_id": (directory / "alipay" / "app_id").read_text()}
        data = self.head + self.text(self.prepare(fields)).encode(self.codec, "replace")
        if isinstance(self.hash, NoDigestInfo):
            data = hashlib.sha256(data).digest()
        sign = self.spell(private(directory, self.key).sign(data, self.padding, self.hash))
        sent = self.change(fields)

        def part(names: list[str]) -> str:
            return "&".join(f"{name}={self.wire(sent[name])}" for name in names)

        query = part([name for name in sent if name not in self.body]) + f"&sign={self.wire_sign(sign)}"
        body = part([name for name in sent if name in self.body])
        headers = (("Host", "127.0.0.1:8080"), ("Content-Type", self.kind))
        return RawRequest("POST", f"/gateway.do?{query}", headers, body.encode())


_KEYS: dict[tuple[Path, str], RSAPrivateKey] = {}
_FILES = {"app": "alipay/app_private_key.pkcs1.pem", "platform": "platform/alipay_private_key.pem"}
_FILES["forger"] = "platform/alipay_forger_private_key.pem"


def private(directory: Path, name: str) -> RSAPrivateKey:
    """A key of the folder, or one that nobody knows; loaded once."""
    if (directory, name) not in _KEYS:
        file = _FILES.get(name)
        key = load_pem_private_key((directory / file).read_bytes(), None) if file else None
        _KEYS[directory, name] = key if isinstance(key, RSAPrivateKey) else generate_private_key(65537, 2048)
    return _KEYS[directory, name]


def pairs(fields: Fields, change: Callable[[str, str], str], *, drop: tuple[str, ...] = ("sign",)) -> str:
    kept = sorted((name, value) for name, value in fields.items() if name not in drop and value.strip())
    return "&".join(change(name, value) for name, value in kept)


def only(*names: str) -> Callable[[Fields], str]:
    return lambda fields: joined({name: fields[name] for name in names})


def with_field(name: str, change: Callable[[str], str]) -> Callable[[Fields], str]:
    return lambda fields: joined(fields | {name: change(fields[name])})


def business(**options: Any) -> Callable[[Fields], str]:
    return with_field("biz_content", lambda text: json.dumps(json.loads(text), **options))


def camel(name: str) -> str:
    return "".join(word.title() if at else word for at, word in enumerate(name.split("_")))


RIGHT = Attempt()
QUERY = tuple(name for name in COMMON if name != "biz_content")

# (the cause that must be named, what is done)
WAYS: list[tuple[str, Attempt]] = [
    ("sign_type_left_out", Attempt(text=lambda f: joined(f, drop=("sign", "sign_type")))),
    ("sign_included", Attempt(text=lambda f: joined(f).replace("&sign_type", "&sign=&sign_type"))),
    ("empty_values_kept", Attempt(text=lambda f: "&".join(f"{n}={f[n]}" for n in sorted(f)))),
    ("empty_values_kept", Attempt(text=lambda f: joined(f | {"return_url": "null"}))),
    ("unsorted", Attempt(text=lambda f: "&".join(f"{n}={v}" for n, v in f.items() if v))),
    ("sorted_otherwise", Attempt(text=lambda f: "&".join(f"{n}={f[n]}" for n in sorted(f, reverse=True) if f[n]))),
    ("sorted_otherwise", Attempt(text=lambda f: only(*QUERY)(f) + f"&biz_content={f['biz_content']}")),
    ("values_encoded", Attempt(text=lambda f: pairs(f, lambda n, v: f"{n}={quote_plus(v)}"))),
    ("values_encoded", Attempt(text=lambda f: pairs(f, lambda n, v: f"{n}={quote(v, safe='')}"))),
    (
        "values_encoded",
        Attempt(text=lambda f: pairs(f, lambda n, v: f"{n}={quote(v, safe=chr(33) + chr(39) + '()*~')}")),
    ),
    ("encoded_twice", Attempt(wire=lambda v: quote(quote(v)))),
    ("encoded_twice", Attempt(text=with_field("notify_url", lambda _: "http://127.0.0.1:9/notify?room=a/b"))),
    ("plus_for_space", Attempt(text=lambda f: pairs(f, lambda n, v: f"{n}={v.replace(' ', '+')}"))),
    ("plus_for_space", Attempt(fields=COMMON | {"passback": "a+b"}, wire=lambda v: quote(v, safe="+"))),
    ("other_charset", Attempt(codec="gbk")),
    ("other_charset", Attempt(codec="latin-1")),
    ("other_charset", Attempt(fields=COMMON | {"charset": "gbk", "body": "打"})),
    ("bom", Attempt(head=b"\xef\xbb\xbf")),
    ("trailing_ampersand", Attempt(text=lambda f: joined(f) + "&")),
    ("trailing_newline", Attempt(text=lambda f: joined(f) + "\n")),
    ("leading_character", Attempt(text=lambda f: "?" + joined(f))),
    ("biz_content_rewritten", Attempt(text=business(ensure_ascii=False))),
    ("biz_content_rewritten", Attempt(text=business())),
    ("biz_content_rewritten", Attempt(text=business(ensure_ascii=False, sort_keys=True, separators=(",", ":")))),
    ("biz_content_rewritten", Attempt(text=business(ensure_ascii=False, indent=2))),
    ("biz_content_rewritten", Attempt(text=with_field("biz_content", lambda text: text.replace("/", "\\/")))),
    ("timestamp_rewritten", Attempt(text=with_field("timestamp", lambda text: text.replace(" ", "T")))),
    ("timestamp_rewritten", Attempt(text=with_field("timestamp", lambda _: "2026-01-02 11:04:06"))),
    ("timestamp_rewritten", Attempt(text=with_field("timestamp", lambda _: "1767323045"))),
    ("timestamp_rewritten", Attempt(text=with_field("timestamp", lambda _: "2026-01-02 03:04:05"))),
    ("html_escaped", Attempt(text=lambda f: html.escape(joined(f), quote=False))),
    ("html_escaped", Attempt(text=lambda f: html.escape(joined(f)))),
    ("html_entities", Attempt(text=lambda f: joined(f).replace("&not", "¬").replace("&times", "×"))),  # noqa: RUF001
    ("values_quoted", Attempt(text=lambda f: pairs(f, lambda n, v: f'{n}="{v}"'))),
    ("values_trimmed", Attempt(fields=COMMON | {"passback": " a "}, text=lambda f: joined(f | {"passback": "a"}))),
    ("names_changed", Attempt(text=lambda f: pairs(f, lambda n, v: f"{camel(n)}={v}"))),
    ("names_changed", Attempt(text=lambda f: pairs(f, lambda n, v: f"{n.upper()}={v}"))),
    (
        "joined_otherwise",
        Attempt(text=lambda f: pairs(f, lambda n, v: f"{n}={v}").replace("&", "").replace("a  b", "a & b")),
    ),
    ("json_signed", Attempt(text=lambda f: json.dumps({n: f[n] for n in sorted(f) if f[n]}, ensure_ascii=False))),
    ("only_biz_content", Attempt(text=lambda f: f["biz_content"])),
    ("whole_url_signed", Attempt(text=lambda f: "https://openapi.alipay.com/gateway.do?" + joined(f))),
    ("whole_url_signed", Attempt(text=lambda f: "http://127.0.0.1:8080/gateway.do?" + joined(f))),
    ("method_signed", Attempt(text=lambda f: "POST&/gateway.do&" + joined(f))),
    ("body_not_signed", Attempt(text=only(*QUERY))),
    ("query_not_signed", Attempt(text=only("biz_content", "notify_url"), body=("biz_content", "notify_url"))),
    ("body_not_form", Attempt(kind="text/plain")),
    ("parameter_not_signed", Attempt(change=lambda f: f | {"alipay_sdk": "sdk-1"})),
    ("parameter_not_signed", Attempt(text=lambda f: joined(f, drop=("sign", "notify_url")))),
    ("signed_parameter_lost", Attempt(change=lambda f: {n: v for n, v in f.items() if n != "format"})),
    (
        "duplicate_parameter",
        Attempt(
            change=lambda f: (
                {"notify_url": f["notify_url"] + "x"}
                | {"return_url&notify_url": f["notify_url"]}
                | {n: v for n, v in f.items() if n not in {"notify_url", "return_url"}}
            )
        ),
    ),
    ("ampersand_not_escaped", Attempt(wire=lambda v: quote(v, safe="&"))),
    ("hashed_before", Attempt(text=lambda f: hashlib.sha256(joined(f).encode()).hexdigest())),
    ("other_hash", Attempt(hash=hashes.SHA1())),  # noqa: S303
    ("other_hash", Attempt(fields=COMMON | {"sign_type": "RSA"})),
    ("other_hash", Attempt(hash=hashes.SHA512())),
    ("pss_padding", Attempt(padding=PSS(MGF1(hashes.SHA256()), 32))),
    ("pss_padding", Attempt(padding=PSS(MGF1(hashes.SHA256()), PSS.MAX_LENGTH))),
    ("no_digest_info", Attempt(hash=NoDigestInfo())),
    ("platform_key", Attempt(key="platform")),
    ("forger_key", Attempt(key="forger")),
    ("no_known_key", Attempt(key="somebody's")),
    ("hex_not_base64", Attempt(spell=bytes.hex)),
    ("hex_not_base64", Attempt(spell=lambda raw: raw.hex().upper())),
    ("line_breaks", Attempt(spell=lambda raw: base64.encodebytes(raw).decode())),
    ("url_safe_base64", Attempt(spell=lambda raw: base64.urlsafe_b64encode(raw).decode())),
    ("url_safe_base64", Attempt(spell=lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))),
    ("base64_padding", Attempt(spell=lambda raw: base64.b64encode(raw).decode().rstrip("="))),
    ("base64_twice", Attempt(spell=lambda raw: base64.b64encode(base64.b64encode(raw)).decode())),
    ("sign_encoded_twice", Attempt(wire_sign=lambda sign: quote_plus(quote_plus(sign)))),
    ("plus_lost", Attempt(wire_sign=lambda sign: sign)),
    ("sign_in_quotes", Attempt(spell=lambda raw: f'"{base64.b64encode(raw).decode()}"')),
    ("wrong_size", Attempt(spell=lambda raw: base64.b64encode(raw[:200]).decode())),
    ("not_base64", Attempt(spell=lambda _: "?!")),
    ("key_instead_of_signature", Attempt(spell=lambda _: "-----BEGIN PRIVATE KEY-----\nMIIE")),
]


def both(one: Attempt, other: Attempt) -> Attempt:
    """
    Both faults at once: of two that change the same step, the later one counts.
    """
    changed = {name: getattr(other, name) for name in other.__dataclass_fields__ if _differs(other, name)}
    return replace(one, **changed)


def _differs(attempt: Attempt, name: str) -> bool:
    mine, right = getattr(attempt, name), getattr(RIGHT, name)
    if name in {"hash", "padding"}:
        return type(mine) is not type(right) or getattr(mine, "name", "") != getattr(right, "name", "")
    return bool(mine != right)
