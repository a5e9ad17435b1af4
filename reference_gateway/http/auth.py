"""
Who is asking: the merchant's HMAC over the request as it was on the wire, a fresh timestamp, a nonce used once.

The signature is checked before the nonce is spent, so a stranger can neither use up nonces nor learn which are spent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from aiohttp import web

from reference_gateway.apps import App
from reference_gateway.clock import Clock
from reference_gateway.errors import Unauthenticated
from reference_gateway.service.nonces import Nonces

SKEW_S_MAX = 300

_TIMESTAMP = re.compile(r"[0-9]{9,11}", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


def string_to_sign(method: str, target: str, *, timestamp: str, nonce: str, body: bytes) -> bytes:
    """Build what the merchant signs; *target* is path and query as on the wire."""
    return "\n".join((method, target, timestamp, nonce, hashlib.sha256(body).hexdigest())).encode()


class Gatekeeper:
    """Lets signed requests in, once each."""

    def __init__(self, apps: Mapping[str, App], *, clock: Clock, nonces: Nonces) -> None:
        self._apps = apps
        self._clock = clock
        self._nonces = nonces

    async def admit(self, request: web.Request, body: bytes) -> App:
        """
        Return the app that signed the request.

        Raises:
            Unauthenticated: its `reason` says what is missing or wrong.
        """
        app_id = _header(request, "X-App-Id")
        timestamp = _header(request, "X-Timestamp", _TIMESTAMP)
        nonce = _header(request, "X-Nonce", _NONCE)
        signature = _header(request, "X-Signature", _SIGNATURE)
        app = self._apps.get(app_id)
        text = string_to_sign(request.method, request.raw_path, timestamp=timestamp, nonce=nonce, body=body)
        secret = b"no such app" if app is None else app.secret.encode()
        expected = hmac.new(secret, text, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature) or app is None:
            raise Unauthenticated("the signature does not match", code="bad_signature")
        if abs(self._clock.now().timestamp() - int(timestamp)) > SKEW_S_MAX:
            raise Unauthenticated(f"the timestamp is more than {SKEW_S_MAX} s off", code="stale_timestamp")
        if not await self._nonces.spend(app_id, nonce, durable=request.method != "GET"):
            raise Unauthenticated("the nonce was used before", code="nonce_replayed")
        return app


def _header(request: web.Request, name: str, pattern: re.Pattern[str] | None = None) -> str:
    values = request.headers.getall(name, [])
    if len(values) != 1 or not values[0]:
        raise Unauthenticated(f"send the header {name} once", code="missing_signature")
    if pattern is not None and pattern.fullmatch(values[0]) is None:
        raise Unauthenticated(f"the header {name} is malformed", code="malformed_signature")
    return values[0]
