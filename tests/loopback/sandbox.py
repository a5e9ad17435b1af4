"""
A simulator on loopback with a merchant beside it: calls, a notify receiver, and the control API.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from cryptography.exceptions import InvalidSignature

from mock_providers.app import Simulator, build
from mock_providers.core.clock import Clock
from mock_providers.faults.source import FaultSource
from mock_providers.settings import ProvidersSettings
from tests.unit.mock_providers.alipay_desk import Merchant

SUCCESS = (200, b"success")


@dataclass
class Received:
    """One notify as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True))


@dataclass
class Receiver:
    """
    The merchant's notify address.

    `answer` decides what each notify is answered with; none is answered before `together` of them have arrived, nor
    before `slow_s` have passed, which is for virtual time.
    """

    answer: Callable[[Received], tuple[int, bytes]] = lambda _: SUCCESS
    received: list[Received] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    peers: list[Any] = field(default_factory=list)
    at_once: int = 0
    at_once_max: int = 0
    url: str = ""
    together: int = 0
    slow_s: float = 0.0

    async def handle(self, request: web.Request) -> web.Response:
        self.at_once += 1
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername"))
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            one = Received(dict(request.headers), await request.read())
            async with self.arrived:
                self.received.append(one)
                self.arrived.notify_all()
            if self.together:
                await self.until(self.together)
            if self.slow_s:
                await asyncio.sleep(self.slow_s)  # noqa: TID251  what the merchant takes, in virtual time
            status, body = self.answer(one)
            return web.Response(status=status, body=body)
        finally:
            self.at_once -= 1

    async def until(self, count: int) -> Sequence[Received]:
        """
        Wait until *count* notifies have arrived.
        """
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= count)
        return self.received


@dataclass
class Sandbox:
    """Everything a test of the wire needs."""

    simulator: Simulator
    merchant: Merchant
    receiver: Receiver
    session: aiohttp.ClientSession

    async def call(self, method: str, business: Any, /, **changes: str | None) -> dict[str, Any]:
        """
        A signed call over the wire, verified.
        """
        params = self.merchant.signed(method, business, **changes)
        async with self.session.post(self.simulator.alipay_url + "/gateway.do", data=params) as answer:
            assert answer.status == 200
            return self.merchant.opened(await answer.read(), method.replace(".", "_") + "_response")

    async def precreate(self, order: str = "o1", *, label: str = "pp000001", total: str = "1.23") -> dict[str, Any]:
        business = {"out_trade_no": order, "total_amount": total, "subject": f"tip {label}"}
        return await self.call("alipay.trade.precreate", business, notify_url=self.receiver.url)

    async def pay(self, order: str = "o1", *, label: str = "pp000001") -> dict[str, Any]:
        await self.precreate(order, label=label)
        return dict(await self.control("POST", f"/trades/alipay/{order}/buyer", {"action": "pay"}))

    async def refund(self, amount: str, number: str, order: str = "o1") -> dict[str, Any]:
        business = {"out_trade_no": order, "refund_amount": amount, "out_request_no": number}
        return await self.call("alipay.trade.refund", business)

    async def control(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """
        A call of the control API that must be answered with *status*.
        """
        url = f"{self.simulator.control_url}/control/v1{path}"
        async with self.session.request(method, url, json=body) as answer:
            text = await answer.json(content_type=None)
            assert answer.status == status, text
            if status >= 400:
                assert answer.content_type == "application/problem+json"
            return text

    async def advance(self, seconds: float, *, until_idle: bool = False) -> Any:
        return await self.control("POST", "/clock/advance", {"seconds": seconds, "until_idle": until_idle})

    async def rule(self, fault: str, where: dict[str, Any] | None = None, **parameters: Any) -> None:
        """
        One rule, always striking on label pp000001 unless told otherwise.
        """
        rule = {"id": fault, "fault": fault, "where": {"order": "pp000001", **(where or {})}, "with": parameters}
        await self.control("POST", "/faults/rules", rule)

    async def journal(self, direction: str) -> list[dict[str, Any]]:
        items = (await self.control("GET", "/journal"))["items"]
        return [item | {"body": raw_body(item)} for item in items if item["direction"] == direction]


def raw_body(item: dict[str, Any]) -> bytes:
    """
    The request's bytes of a journal entry.
    """
    return base64.b64decode(item["request"]["body_b64"])


def answer_body(item: dict[str, Any]) -> bytes:
    """
    The answer's bytes of a journal entry, as far as they were sent.
    """
    return base64.b64decode(item["response"]["body_b64"])


def fields(entry: dict[str, Any]) -> dict[str, str]:
    """
    What a notify says, in the charset that it declares.
    """
    codec = dict(parse_qsl(entry["body"].decode("ascii")))["charset"]
    return dict(parse_qsl(entry["body"].decode("ascii"), keep_blank_values=True, encoding=codec))


def genuine(box: Sandbox, entry: dict[str, Any]) -> bool:
    """
    Whether the platform's own key signed exactly what is in the body.
    """
    told = fields(entry)
    text = "&".join(f"{name}={told[name]}" for name in sorted(told) if name not in {"sign", "sign_type"})
    try:
        box.merchant.verify(text.encode(told["charset"]), told.get("sign", ""))
    except InvalidSignature:
        return False
    return True


@asynccontextmanager
async def sandbox(
    credentials_dir: Path, *, clock: Clock | None = None, source: FaultSource | None = None, **settings: Any
) -> AsyncIterator[Sandbox]:
    """
    A world on loopback; the schedule stands still unless settings say otherwise, so that only `advance` moves it.
    """
    chosen = ProvidersSettings(credentials_dir=credentials_dir, **{"schedule_rate": 0.0, "seed": 7, **settings})
    simulator = build(chosen, clock=clock, fault_source=source)
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/notify/alipay", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/notify/alipay"
    await simulator.start()
    headers = {"Authorization": f"Bearer {chosen.control_token}"} if chosen.control_token else {}
    try:
        async with aiohttp.ClientSession(headers=headers, trust_env=False) as session:
            yield Sandbox(simulator, Merchant(credentials_dir), receiver, session)
    finally:
        await simulator.stop()
        await runner.cleanup()
