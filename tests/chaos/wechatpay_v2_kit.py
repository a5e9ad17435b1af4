"""
What the rows of WeChat Pay's chaos table have in common for the XML API: a merchant on real sockets in virtual time, and
the journal's bytes as they went.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import VirtualLoop
from tests.loopback.sandbox import Sandbox, answer_body, raw_body, sandbox
from tests.unit.mock_providers.desks import T0
from tests.unit.mock_providers.wechatpay_v2_desk import MICROPAY, ORDER, Fields, Merchant, digest, fields_of, xml_of

LADDER_S = 86_640
ACK = b"<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
FAIL = b"<xml><return_code><![CDATA[FAIL]]></return_code></xml>"


@dataclass
class Shop:
    """A merchant of the XML API in a sandbox."""

    box: Sandbox
    merchant: Merchant

    async def raw(self, path: str, business: Mapping[str, str | None], *, key: str = "") -> bytes:
        """The bytes of an answer, whatever they are."""
        body = xml_of(self.merchant.signed(self.merchant.fields(business), key=key))
        async with self.box.session.post(self.box.simulator.urls["wechatpay"] + path, data=body) as answer:
            return await answer.read()

    async def call(self, path: str, business: Mapping[str, str | None]) -> Fields:
        """An answer whose signature is good."""
        return self.merchant.verified(await self.raw(path, business))

    async def order(self, number: str = "order-1", **more: str | None) -> Fields:
        fields = ORDER | {"out_trade_no": number, "notify_url": self.box.receiver.url, **more}
        return await self.call("/pay/unifiedorder", fields)

    async def query(self, number: str = "order-1") -> Fields:
        return await self.call("/pay/orderquery", {"out_trade_no": number})

    async def close(self, number: str = "order-1") -> Fields:
        return await self.call("/pay/closeorder", {"out_trade_no": number})

    async def micropay(self, ending: str = "0000", number: str = "order-1", **more: str | None) -> Fields:
        fields = MICROPAY | {"out_trade_no": number, "auth_code": f"13000000000000{ending}", **more}
        return await self.call("/pay/micropay", fields | {"body": "coffee pp000001"})

    async def reverse(self, number: str = "order-1") -> Fields:
        return await self.call("/secapi/pay/reverse", {"out_trade_no": number})

    async def refund(self, fen: int = 23, number: str = "r1", order: str = "order-1") -> Fields:
        fields = {"out_trade_no": order, "out_refund_no": number, "total_fee": "123", "refund_fee": str(fen)}
        return await self.call("/secapi/pay/refund", fields | {"notify_url": self.box.receiver.url})

    async def refund_query(self, number: str = "r1") -> Fields:
        return await self.call("/pay/refundquery", {"out_refund_no": number})

    async def buyer(self, action: str = "pay", number: str = "order-1") -> None:
        await self.box.control("POST", f"/trades/wechatpay/{number}/buyer", {"action": action})

    async def paid(self, number: str = "order-1", **more: str | None) -> None:
        assert (await self.order(number, **more))["result_code"] == "SUCCESS"
        await self.buyer("pay", number)

    async def trade(self, number: str = "order-1") -> dict[str, Any]:
        return dict(await self.box.control("GET", f"/trades/wechatpay/{number}"))

    async def rule(self, fault: str, where: dict[str, Any] | None = None, **parameters: Any) -> None:
        await self.box.rule(fault, {"order": "*", **(where or {})}, **parameters)

    async def sent(self) -> list["Sent"]:
        """Every delivery, as its bytes stand in the journal."""
        return [Sent(self.merchant, entry) for entry in await self.box.journal("out")]

    async def answered(self, api: str) -> list[dict[str, Any]]:
        """The journal's entries about calls of an API."""
        return [entry for entry in await self.box.journal("in") if entry["api"] == api]


@dataclass
class Sent:
    """One delivery of a notify."""

    merchant: Merchant
    entry: dict[str, Any]

    @property
    def body(self) -> bytes:
        return raw_body(self.entry)

    @property
    def fields(self) -> Fields:
        return fields_of(self.body)

    @property
    def genuine(self) -> bool:
        sign = self.fields.get("sign", "")
        kind = "HMAC-SHA256" if len(sign) == 64 else "MD5"
        return sign == digest(self.fields, self.merchant.key, sign_type=kind)

    @property
    def inside(self) -> Fields:
        """What a refund's notify holds, opened."""
        return self.merchant.opened(self.fields["req_info"])


def answer_of(entry: dict[str, Any]) -> Fields:
    """The fields that a call was answered with, out of the journal."""
    return fields_of(answer_body(entry))


def told(credentials_dir: Path, story: Callable[[Shop], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    """
    Play *story* in a world of its own; the schedule stands still, everything else is the loop's time.
    """

    async def world() -> Any:
        async with sandbox(credentials_dir, clock=VirtualClock(T0), **settings) as box:
            box.receiver.answer = lambda _: (200, ACK)
            return await story(Shop(box, Merchant(credentials_dir)))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(world())
