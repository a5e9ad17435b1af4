"""
Signed webhooks to the apps: one POST, true when it was taken. Retrying is the relay's business.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

import aiohttp

from reference_gateway.apps import App
from reference_gateway.clock import Clock
from reference_gateway.domain.records import OutboxRow


class WebhookSender(Protocol):
    """Delivers one event to one app."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def wants(self, app: App) -> bool:
        """Tell whether the app is sent events at all."""
        ...

    async def send(self, app: App, event: OutboxRow) -> bool:
        """Return True when the app has taken the event."""
        ...


def webhook_signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign a webhook: hex HMAC-SHA256 over timestamp, newline, body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()


class HttpWebhookSender:
    """POSTs the event; any 2xx counts as taken, everything else as not."""

    def __init__(self, clock: Clock, *, timeout_s: float = 5.0) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=128),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def wants(self, app: App) -> bool:
        return bool(app.webhook_url)

    async def send(self, app: App, event: OutboxRow) -> bool:
        if not self.wants(app):
            return True  # it had a webhook when this was written
        if self._session is None:
            return False
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Gateway-Timestamp": timestamp,
            "X-Gateway-Signature": webhook_signature(app.webhook_secret, timestamp, event.payload),
        }
        try:
            async with self._session.post(
                app.webhook_url, data=event.payload, headers=headers, allow_redirects=False
            ) as response:
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
