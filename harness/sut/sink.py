"""
The live platform's ear: receives the gateway's webhooks, checks who signed them, remembers them.

It can refuse the first ones, so that redelivery is witnessed, and wakes whoever waits for an event. It refuses to
judge what the webhooks say.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from harness.clock import Clock

PATH = "/webhooks"
WEBHOOKS_FILE = "webhooks.ndjson"
Read = Callable[[bytes], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """
    One delivery of a webhook.

    Args:
        answered: the status that we gave; below 300 it counts as told.
    """

    event_id: str
    type: str
    merchant_order_no: str
    data: Mapping[str, Any]
    received_at: datetime
    answered: int

    @property
    def told(self) -> bool:
        return self.answered < 300

    def to_json(self) -> dict[str, Any]:
        return {
            "event_id": self.event_id,
            "type": self.type,
            "merchant_order_no": self.merchant_order_no,
            "data": dict(self.data),
            "received_at": self.received_at.isoformat(),
            "answered": self.answered,
        }


def read_events(file: Path) -> list[WebhookEvent]:
    """
    What a sink wrote down; its last line may be half written.
    """
    whole = file.read_bytes().split(b"\n")[:-1]
    return [
        WebhookEvent(**{**raw, "received_at": datetime.fromisoformat(raw["received_at"])})
        for raw in map(orjson.loads, whole)
    ]


class MerchantSink:
    """
    A loopback server that receives webhooks.

    Args:
        secret: the app's webhook secret.
        port: a fixed one, so that a gateway can be configured beforehand; 0 for a free one.
        read: turns what another gateway sends into our words, None for what says nothing; its signature is not ours
            to check.
        answer: what the platform answers to that, and its content type.
        file: takes each event as a line, for an audit by another process.
    """

    def __init__(
        self,
        secret: str,
        *,
        clock: Clock,
        port: int = 0,
        read: Read | None = None,
        answer: tuple[str, str] = ("", "text/plain"),
        file: Path | None = None,
    ) -> None:
        self._file = file
        self._secret = secret.encode()
        self._read = read
        self._answer = answer
        self._clock = clock
        self._port = port
        self._runner: web.AppRunner | None = None
        self._refusals: list[int] = []
        self._refused_orders: set[str] = set()
        self._waiters: list[tuple[Callable[[WebhookEvent], bool], asyncio.Future[WebhookEvent]]] = []
        self.url = ""
        self.events: list[WebhookEvent] = []
        self.strangers = 0  # webhooks whose signature was not the gateway's
        self.passed_over: bytes | None = None  # the last webhook that said nothing of a payment

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post(PATH, self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}{PATH}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        for _, waiter in self._waiters:
            waiter.cancel()
        self._waiters.clear()

    def refuse_next(self, count: int, *, statuses: Sequence[int] = (500,)) -> None:
        """
        Refuse the next *count* deliveries, by these statuses in turn, and forget nothing of them.
        """
        self._refusals = [statuses[place % len(statuses)] for place in range(count)]

    def refuse_order(self, order_no: str) -> None:
        """
        Answer 500 to whatever is told of this order, until `take_all`.
        """
        self._refused_orders.add(order_no)

    def take_all(self) -> None:
        """
        No order's news is refused any more.
        """
        self._refused_orders.clear()

    async def wait_for(self, wanted: Callable[[WebhookEvent], bool], *, timeout_s: float) -> WebhookEvent:
        """
        The first accepted event that is *wanted*, seen already or still to come.

        Raises:
            TimeoutError: it did not come in time.
        """
        for event in self.events:
            if event.told and wanted(event):
                return event
        waiter: asyncio.Future[WebhookEvent] = asyncio.get_running_loop().create_future()
        self._waiters.append((wanted, waiter))
        try:
            async with asyncio.timeout(timeout_s):
                return await waiter
        finally:
            self._waiters = [pair for pair in self._waiters if pair[1] is not waiter]

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self._read is not None:
            said = self._read(body)
            if said is None:
                self.passed_over = body
                return self._answered(200)
            return self._heard(said)
        timestamp = request.headers.get("X-Gateway-Timestamp", "")
        expected = hmac.new(self._secret, timestamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Gateway-Signature", "")):
            self.strangers += 1
            return web.Response(status=401)
        return self._heard(orjson.loads(body))

    def _heard(self, said: Mapping[str, Any]) -> web.Response:
        event = self._event(said)
        self.events.append(event)
        if self._file is not None:
            with self._file.open("ab") as lines:
                lines.write(orjson.dumps(event.to_json()) + b"\n")
        if event.told:
            for wanted, waiter in self._waiters:
                if not waiter.done() and wanted(event):
                    waiter.set_result(event)
        return self._answered(event.answered)

    def _answered(self, status: int) -> web.Response:
        said, content_type = self._answer
        return web.Response(status=status, text=said, content_type=content_type)

    def _event(self, raw: Mapping[str, Any]) -> WebhookEvent:
        answered = 200
        if self._refusals:
            answered = self._refusals.pop(0)
        data = raw.get("data") or {}
        if data.get("merchant_order_no") in self._refused_orders:
            answered = 500
        return WebhookEvent(
            event_id=str(raw["event_id"]),
            type=str(raw["type"]),
            merchant_order_no=str(data.get("merchant_order_no") or ""),
            data=data,
            received_at=self._clock.now(),
            answered=answered,
        )
