"""
What the rows of WeChat Pay's chaos table have in common: a merchant of API v3 on real sockets in virtual time, and the
journal's bytes as they went.
"""

import asyncio
import io
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yarl import URL

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.loopback.sandbox import Sandbox, answer_body, raw_body, sandbox
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.wechatpay_v3_desk import Merchant

LADDER_S = 86_640
NATIVE = "/v3/pay/transactions/native"
REFUNDS = "/v3/refund/domestic/refunds"


@dataclass(frozen=True)
class Answer:
    """
    What a call was answered, and whether the SDK of a careful merchant would believe it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    genuine: bool

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body)) if self.body else {}


@dataclass
class Shop:
    """
    A merchant of API v3 in a sandbox.
    """

    box: Sandbox
    merchant: Merchant

    async def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        at = str(int(self.box.simulator.schedule._stamp.now().timestamp()))
        request = self.merchant.request(method, target, body, headers=named, at=at)
        url = URL(self.box.simulator.urls["wechatpay"] + target, encoded=True)
        sent = {"headers": dict(request.headers), "data": io.BytesIO(request.body), "skip_auto_headers": {"User-Agent"}}
        async with self.box.session.request(method, url, **sent) as answer:  # type: ignore[arg-type]
            data = await answer.read()
            told = dict(answer.headers)
            genuine = "Wechatpay-Signature" in told and self.merchant.genuine(told, data)
            return Answer(answer.status, told, data, genuine)

    def order(self, number: str = "order1", **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "appid": self.merchant.app_id,
            "mchid": self.merchant.mchid,
            "description": "tip pp000001",
        }
        body |= {
            "out_trade_no": number,
            "notify_url": self.box.receiver.url,
            "amount": {"total": 123, "currency": "CNY"},
        }
        return {name: value for name, value in {**body, **changes}.items() if value is not None}

    async def create(self, number: str = "order1", **changes: Any) -> Answer:
        return await self.ask("POST", NATIVE, self.order(number, **changes))

    async def query(self, number: str = "order1") -> dict[str, Any]:
        target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.merchant.mchid}"
        return (await self.ask("GET", target)).said

    async def close(self, number: str = "order1") -> Answer:
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return await self.ask("POST", target, {"mchid": self.merchant.mchid})

    async def refund(self, fen: int = 23, number: str = "r1", **changes: Any) -> Answer:
        body: dict[str, Any] = {"out_trade_no": "order1", "out_refund_no": number, "notify_url": self.box.receiver.url}
        body |= {"amount": {"refund": fen, "total": 123, "currency": "CNY"}, **changes}
        return await self.ask("POST", REFUNDS, {name: one for name, one in body.items() if one is not None})

    async def refund_query(self, number: str = "r1") -> Answer:
        return await self.ask("GET", f"{REFUNDS}/{number}")

    async def codepay(self, ending: str = "0000", number: str = "code01") -> Answer:
        body = self.order(number, notify_url=None, payer={"auth_code": f"13000000000000{ending}"})
        return await self.ask("POST", "/v3/pay/transactions/codepay", body)

    async def reverse(self, number: str = "code01") -> Answer:
        body: dict[str, Any] = {"appid": self.merchant.app_id, "mchid": self.merchant.mchid}
        return await self.ask("POST", f"/v3/pay/transactions/out-trade-no/{number}/reverse", body)

    async def buyer(self, action: str = "pay", number: str = "order1") -> None:
        await self.box.control("POST", f"/trades/wechatpay/{number}/buyer", {"action": action})

    async def paid(self, number: str = "order1", **changes: Any) -> None:
        answer = await self.create(number, **changes)
        assert answer.status == 200, answer.said
        await self.buyer("pay", number)

    async def trade(self, number: str = "order1") -> dict[str, Any]:
        return dict(await self.box.control("GET", f"/trades/wechatpay/{number}"))

    async def rule(self, fault: str, where: dict[str, Any] | None = None, **parameters: Any) -> None:
        await self.box.rule(fault, {"order": "*", **(where or {})}, **parameters)

    async def sent(self) -> list["Sent"]:
        """
        Every delivery, as its bytes stand in the journal.
        """
        return [Sent(self.merchant, entry) for entry in await self.box.journal("out")]

    async def answered(self, api: str) -> list[dict[str, Any]]:
        return [entry for entry in await self.box.journal("in") if entry["api"] == api]


@dataclass
class Sent:
    """
    One delivery of a notify.
    """

    merchant: Merchant
    entry: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.entry["request"]["headers"])

    @property
    def body(self) -> bytes:
        return raw_body(self.entry)

    @property
    def genuine(self) -> bool:
        return "Wechatpay-Signature" in self.headers and self.merchant.genuine(self.headers, self.body)

    @property
    def envelope(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def resource(self) -> dict[str, Any]:
        return dict(json.loads(self.merchant.decrypt(self.envelope["resource"])))


def answer_of(entry: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(answer_body(entry)))


def told(credentials_dir: Path, story: Callable[[Shop], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    """
    Play *story* in a world of its own; the schedule stands still, everything else is the loop's time.
    """

    async def world() -> Any:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), **settings) as box:
            return await story(Shop(box, Merchant(credentials_dir)))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(world())
