"""One exchange out of the journal in texts for people: raw bytes, string to sign, and what the doctor says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mock_providers.core.pages import Language
from mock_providers.core.wire.journal import Entry, Headers, RawResponse
from mock_providers.core.wire.signed import unpacked
from mock_providers.operator.story import felt

_SHOWN_BYTES = 12_000


@dataclass(frozen=True, slots=True)
class Shown:
    """
    An exchange.

    Args:
        cause: the doctor's sentence for a refused signature, "" where there is none.
        next_step: and what to do about it.
    """

    seq: int
    direction: str
    provider: str
    api: str
    order: str
    at: datetime
    stamp_at: datetime
    request: str
    response: str
    error: str
    string_to_sign: str
    answer_string_to_sign: str
    signature_ok: bool | None
    acked: bool | None
    fault: str
    cause: str
    next_step: str


def show(seq: int, entry: Entry, *, language: Language) -> Shown:
    """Write an exchange out; a refused signature is looked into here."""
    cause, next_step = _diagnosis(entry, language)
    request, response = entry.request, entry.response
    return Shown(
        seq=seq,
        direction=entry.direction,
        provider=entry.provider,
        api=entry.api,
        order=entry.order,
        at=entry.schedule_at,
        stamp_at=entry.stamp_at,
        request=_message(f"{request.method} {request.target}", request.headers, request.body),
        response="" if response is None else _answered(response, page=entry.api.startswith("cashier")),
        error=entry.error or "",
        string_to_sign=unpacked(entry.string_to_sign) or "",
        answer_string_to_sign=unpacked(entry.answer_string_to_sign) or "",
        signature_ok=entry.signature_ok,
        acked=entry.acked,
        fault=felt(entry),
        cause=cause,
        next_step=next_step,
    )


def _answered(response: RawResponse, *, page: bool) -> str:
    """Our own pages are looked at in a browser, not here."""
    body = f"({len(response.body)} bytes: the page that the buyer saw)".encode() if page else response.body
    return _message(f"HTTP {response.status}", response.headers, body)


def _message(first: str, headers: Headers, body: bytes) -> str:
    text = body[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    more = f"\n… {len(body) - _SHOWN_BYTES} bytes more" if len(body) > _SHOWN_BYTES else ""
    return "\n".join([first, *(f"{name}: {value}" for name, value in headers), "", text]).rstrip() + more


def _diagnosis(entry: Entry, language: Language) -> tuple[str, str]:
    told = entry.doctor() if entry.doctor is not None and entry.signature_ok is False else None
    if not told:
        return "", ""
    return _in(told.get("sentence"), language), _in(told.get("next"), language)


def _in(words: object, language: Language) -> str:
    return str(words.get(language, "")) if isinstance(words, Mapping) else str(words or "")
