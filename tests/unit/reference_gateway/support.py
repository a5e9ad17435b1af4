"""A gateway for tests: a channel that does as it is told, a sender that remembers, a merchant that signs."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import aiohttp

from harness.world.virtual_clock import VirtualClock
from reference_gateway.app import Gateway, Parts, build
from reference_gateway.apps import App
from reference_gateway.channels.partial import PartialChannel
from reference_gateway.channels.port import (
    EndState,
    NotifyReply,
    Opening,
    OpeningState,
    PayRequest,
    RefundReport,
    RefundState,
    TradeReport,
    TradeState,
)
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import OutboxRow, Posting
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import NotifyRefused, SignatureRejected
from reference_gateway.ids import SeededIds
from reference_gateway.service.orders.effects import NoEffects
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.settings import GatewaySettings
from reference_gateway.store.memory_unit_of_work import MemoryStore

APP = App(app_id="live", secret="a secret of the app", webhook_secret="hooks")
OTHER_APP = App(app_id="rival", secret="another app's secret")
BASE = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class FakeChannel(PartialChannel):
    """
    A channel whose book is in the test's hands.

    Its notifies are JSON: {"signed": bool, "id": …, "kind": …, "order": …, "amount": …}.
    """

    name = "alipay"
    reply = NotifyReply(accepted=b"success", refused=b"fail")

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.asked: list[PayRequest] = []
        self.pay_answers: list[Opening | Exception] = []
        self.refund_answers: list[RefundState | Exception] = []
        self.refund_reports: list[RefundState | Exception] = []
        self.reports: dict[str, TradeReport | Exception] = {}
        self.end_answers: list[EndState | Exception] = []
        self.capture_answers: list[TradeReport | Exception] = []
        self.offers = frozenset({"qr"})
        self.on_call: Callable[[str, str], Any] | None = None

    def supports(self) -> frozenset[str]:
        return self.offers

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def _called(self, what: str, number: str) -> None:
        self.calls.append((what, number))
        if self.on_call is not None:
            await self.on_call(what, number)

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        self.asked.append(ask)
        await self._called("pay", payment.out_trade_no)
        ready = Opening(OpeningState.READY, {"qr_code": f"https://qr.example/{payment.out_trade_no}"})
        answer = self.pay_answers.pop(0) if self.pay_answers else ready
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def query(self, payment: Payment) -> TradeReport:
        await self._called("query", payment.out_trade_no)
        report = self.reports.get(payment.out_trade_no, TradeReport(state=TradeState.MISSING))
        if isinstance(report, Exception):
            raise report
        return report

    async def close(self, payment: Payment) -> EndState:
        return await self._end("close", payment)

    async def reverse(self, payment: Payment) -> EndState:
        return await self._end("reverse", payment)

    async def _end(self, what: str, payment: Payment) -> EndState:
        await self._called(what, payment.out_trade_no)
        answer = self.end_answers.pop(0) if self.end_answers else EndState.CLOSED
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def preauth(self, payment: Payment, ask: PayRequest) -> Opening:
        await self._called("preauth", payment.out_trade_no)
        return Opening(OpeningState.READY, {"order_string": payment.out_trade_no})

    async def capture(self, payment: Payment, amount_fen: Fen) -> TradeReport:
        await self._called("capture", payment.out_trade_no)
        paid = TradeReport(state=TradeState.PAID, channel_trade_no="T1", amount_fen=amount_fen)
        answer = self.capture_answers.pop(0) if self.capture_answers else paid
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        await self._called("refund", refund.out_request_no)
        answer = self.refund_answers.pop(0) if self.refund_answers else RefundState.SUCCEEDED
        if isinstance(answer, Exception):
            raise answer
        return RefundReport(answer)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        await self._called("query_refund", refund.out_request_no)
        answer = self.refund_reports.pop(0) if self.refund_reports else RefundState.MISSING
        if isinstance(answer, Exception):
            raise answer
        return RefundReport(answer)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            fields = json.loads(body)
            signed = fields["signed"]
        except (ValueError, KeyError, TypeError) as error:
            raise NotifyRefused(code="malformed_notify") from error
        if not signed:
            raise SignatureRejected
        return Notice(
            channel=self.name,
            notify_id=fields["id"],
            kind=NoticeKind(fields["kind"]),
            out_trade_no=fields["order"],
            channel_trade_no=f"T{fields['order']}",
            amount_fen=Fen(fields["amount"]),
            refund_no=fields.get("refund_no", ""),
            body_digest=hashlib.sha256(body).hexdigest(),
        )


class GullibleChannel(FakeChannel):
    """A planted bug: no signature check."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        return super().parse_notify(headers, json.dumps({**json.loads(body), "signed": True}).encode())


class EffectsSeen(NoEffects):
    """Remembers what moved, as (what, payment id)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    async def paid(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        self.seen.extend(("paid", payment.id) for payment in payments)
        return ()

    async def ended(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        self.seen.extend(("ended", payment.id) for payment in payments)
        return ()

    async def refunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        self.seen.append(("refunded", payment.id))
        return ()

    async def shipped(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        self.seen.append(("shipped", payment.id))
        return ()

    async def completed(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        self.seen.append(("completed", payment.id))
        return ()


class RememberingSender:
    """Takes events, after refusing the first *refusals*."""

    def __init__(self, refusals: int = 0) -> None:
        self.sent: list[dict[str, Any]] = []
        self.tries = 0
        self.left_alone: set[str] = set()
        self._refusals = refusals

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def wants(self, app: App) -> bool:
        return app.app_id not in self.left_alone

    async def send(self, app: App, event: OutboxRow) -> bool:
        self.tries += 1
        if self.tries <= self._refusals:
            return False
        self.sent.append(json.loads(event.payload))
        return True


def settings(**changes: Any) -> GatewaySettings:
    values: dict[str, Any] = {
        "database_url": "memory:",
        "alipay_gateway_url": "http://127.0.0.1:9/gateway.do",
        "alipay_app_id": "2021000000000001",
        "alipay_seller_id": "2088000000000001",
        "alipay_app_private_key_file": Path("no-such-key"),
        "alipay_public_key_file": Path("no-such-key"),
        "apps_file": Path("no-such-file"),
        "sync_wait_ms": 800,
    }
    return GatewaySettings(**{**values, **changes})


@dataclass
class Merchant:
    """Signs requests of one app and sends them."""

    http: aiohttp.ClientSession
    url: str
    clock: VirtualClock
    app: App = APP
    nonces: int = 0

    def headers(self, method: str, target: str, body: bytes, **changes: str) -> dict[str, str]:
        self.nonces += 1
        timestamp = changes.pop("timestamp", str(int(self.clock.now().timestamp())))
        nonce = changes.pop("nonce", f"nonce-{id(self)}-{self.nonces:08d}")
        text = "\n".join((method, target, timestamp, nonce, hashlib.sha256(body).hexdigest()))
        signature = hmac.new(self.app.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        signed = {"X-App-Id": self.app.app_id, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": signature}
        return {**signed, "Content-Type": "application/json", **changes}

    async def call(self, method: str, target: str, body: Any = None, **changes: str) -> tuple[int, Any]:
        return (await self.send(method, target, body, **changes))[:2]

    async def send(
        self, method: str, target: str, body: Any = None, **changes: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        raw = body if isinstance(body, bytes) else (b"" if body is None else json.dumps(body).encode())
        headers = self.headers(method, target, raw, **changes)
        async with self.http.request(method, self.url + target, data=raw, headers=headers) as response:
            return response.status, json.loads(await response.read()), response.headers

    async def pay(self, number: str = "o-1", amount_fen: int = 100, **more: Any) -> tuple[int, Any]:
        body = {
            "merchant_order_no": number,
            "amount_fen": amount_fen,
            "currency": "CNY",
            "subject": f"tip {number}",
            "channel": "alipay",
            "product": "qr",
            **more,
        }
        return await self.call("POST", "/api/v1/payments", body)

    async def act(self, payment: Mapping[str, Any], what: str, body: Any = None) -> tuple[int, Any]:
        return await self.call("POST", f"/api/v1/payments/{payment['id']}/{what}", body)

    async def notify(self, payment: Mapping[str, Any], **changes: Any) -> tuple[int, bytes]:
        fields = {
            "signed": True,
            "id": f"n-{payment['out_trade_no']}",
            "kind": "paid",
            "order": payment["out_trade_no"],
            "amount": payment["amount_fen"],
            **changes,
        }
        async with self.http.post(f"{self.url}/notify/alipay", data=json.dumps(fields).encode()) as response:
            return response.status, await response.read()

    async def payment(self, payment: Mapping[str, Any]) -> Any:
        return (await self.call("GET", f"/api/v1/payments/{payment['id']}"))[1]

    async def exported(self) -> list[Any]:
        return list((await self.call("GET", "/api/v1/payments?limit=1000"))[1]["items"])


@dataclass
class World:
    """A gateway over memory with its channel, sender and merchant."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(BASE))
    store: Any = field(default_factory=MemoryStore)
    channel: FakeChannel = field(default_factory=FakeChannel)
    sender: RememberingSender = field(default_factory=RememberingSender)
    settings: GatewaySettings = field(default_factory=settings)
    parts: Parts = field(default_factory=Parts)
    ids: SeededIds = field(default_factory=lambda: SeededIds(7))

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self.gateway.stop()

    async def start(self) -> None:
        parts: Any = {
            "clock": self.clock,
            "ids": self.ids,
            "apps": {APP.app_id: APP, OTHER_APP.app_id: OTHER_APP},
            "unit_of_work": self.store,
            "channels": {"alipay": self.channel},
            "webhook_sender": self.sender,
        }
        self.effects = EffectsSeen()
        parts["effects"] = (self.effects,)
        self.gateway: Gateway = build(self.settings, **{**parts, **self.parts})
        await self.gateway.start()
        self.merchant = Merchant(self.http, self.gateway.url, self.clock)

    async def crash(self) -> None:
        await self.gateway.abort()

    def paid(self, payment: Mapping[str, Any]) -> None:
        """Let the channel's book say that this payment was paid."""
        self.channel.reports[payment["out_trade_no"]] = TradeReport(
            state=TradeState.PAID, channel_trade_no="T1", amount_fen=Fen(payment["amount_fen"])
        )
