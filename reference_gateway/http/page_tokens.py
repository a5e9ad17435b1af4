"""
Page tokens: what a buyer's browser carries instead of the merchant's secret.

The merchant asks for one, for one room and one buyer, and puts it into the link. It is signed with a key derived from
the app's secret, so every instance can check it and none has to remember it; it opens that room's page, pays there in
that buyer's name, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from reference_gateway.apps import App
from reference_gateway.clock import Clock
from reference_gateway.errors import Unauthenticated

TOKEN_CHARS_MAX = 1024


@dataclass(frozen=True, slots=True)
class PageToken:
    """Whose page it opens; *expires* in Unix seconds."""

    app_id: str
    room_id: str
    buyer_id: str
    expires: int


class PageTokens:
    """Makes and checks page tokens."""

    def __init__(self, apps: Mapping[str, App], clock: Clock) -> None:
        self._apps = apps
        self._clock = clock

    def make(self, app: App, room_id: str, buyer_id: str, ttl_s: int) -> str:
        expires = int(self._clock.now().timestamp()) + ttl_s
        text = json.dumps(asdict(PageToken(app.app_id, room_id, buyer_id, expires)), separators=(",", ":"))
        body = base64.urlsafe_b64encode(text.encode()).rstrip(b"=")
        return f"{body.decode()}.{_signature(app, body)}"

    def check(self, token: str) -> PageToken:
        """
        Return what the token says.

        Raises:
            Unauthenticated: it is none of ours, or its time is over.
        """
        body, _, signature = token.partition(".")
        told = _read(body) if len(token) <= TOKEN_CHARS_MAX else None
        app = self._apps.get(told.app_id) if told is not None else None
        if told is None or app is None or not _is(_signature(app, body.encode()), signature):
            raise Unauthenticated("the page token is not valid; open the page from its link", code="bad_page_token")
        if told.expires < self._clock.now().timestamp():
            raise Unauthenticated("the page token is too old; open the page from a new link", code="stale_page_token")
        return told


def _signature(app: App, body: bytes) -> str:
    key = hmac.new(app.secret.encode(), b"page-token", hashlib.sha256).digest()
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def _is(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="replace"))


def _read(body: str) -> PageToken | None:
    try:
        raw = base64.b64decode(body.encode() + b"=" * (-len(body) % 4), altchars=b"-_", validate=True)
        told = PageToken(**json.loads(raw))
    except (ValueError, TypeError, binascii.Error, UnicodeEncodeError):
        return None
    names = (told.app_id, told.room_id, told.buyer_id)
    return told if all(isinstance(name, str) for name in names) and type(told.expires) is int else None
