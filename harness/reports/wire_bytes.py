"""
One exchange of the wire log, made readable: the bytes as they went, the string to sign, what the signature check said.

The simulator's log holds no secret: a keyed signature's string is kept without its key. A header that carries one all
the same is masked here.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.control import Exchange
from harness.words import Words

SECRET_HEADERS = frozenset({"cookie", "set-cookie", "proxy-authorization", "x-api-key"})
MASKED = "••••••"
BODY_SHOWN_CHARS = 6_000
SIGNATURE_SAID: Mapping[bool | None, str] = {
    True: "signature good",
    False: "signature refused",
    None: "signature not checked",
}
SENT_SAID: Mapping[bool | None, str] = {
    True: "signed by the provider",
    False: "not signed by the provider: a forgery",
    None: "signature not checked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """One message: its first line, its headers, its body."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    One exchange.

    Args:
        doctor: why the signature was refused, in a sentence; empty where it was not.
    """

    number: int
    title: str
    request: Bytes
    answer: Bytes | None
    error: str
    string_to_sign: str
    answer_string_to_sign: str
    signature: str
    signature_ok: bool | None
    doctor: str
    fault: str
    evidence: bool


def shown(exchange: Exchange, *, number: int, evidence: bool, words: Words) -> Shown:
    """
    The exchange for people.
    """
    raw = exchange.raw
    request, response = raw.get("request") or {}, raw.get("response")
    verdicts = SIGNATURE_SAID if exchange.direction == "in" else SENT_SAID
    doctor = (raw.get("doctor") or {}).get("sentence") or {}
    return Shown(
        number=number,
        title=exchange.api,
        request=_bytes(f"{request.get('method', '')} {request.get('target', '')}", request),
        answer=None if response is None else _bytes(f"HTTP {response.get('status')}", response),
        error=str(raw.get("error") or ""),
        string_to_sign=str(raw.get("string_to_sign") or ""),
        answer_string_to_sign=str(raw.get("answer_string_to_sign") or ""),
        signature=words.say(verdicts[exchange.signature_ok]),
        signature_ok=exchange.signature_ok,
        doctor=str(doctor.get(words.lang) or doctor.get("en") or ""),
        fault=exchange.fault,
        evidence=evidence,
    )


def _bytes(line: str, message: Mapping[str, Any]) -> Bytes:
    body = base64.b64decode(str(message.get("body_b64") or ""))
    return Bytes(line=line, headers=tuple(_masked(message.get("headers") or ())), body=_readable(body))


def _masked(headers: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        yield str(name), MASKED if str(name).lower() in SECRET_HEADERS else str(value)


def _readable(body: bytes) -> str:
    """
    The body as text; in GBK, which these providers still speak, or in hex where it is neither.
    """
    for encoding in ("utf-8", "gb18030"):
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text if len(text) <= BODY_SHOWN_CHARS else f"{text[:BODY_SHOWN_CHARS]}…"
    return body[:BODY_SHOWN_CHARS].hex(" ")
