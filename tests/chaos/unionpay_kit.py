"""
What the rows of UnionPay's chaos table have in common: a merchant on the wire, and the journal's bytes as they went.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from mock_providers.core.books.book import Trade
from tests.cross.unionpay_parsers import official_java
from tests.loopback.sandbox import Sandbox, answer_body, sandbox
from tests.unit.mock_providers.unionpay_desk import CARD, PATHS, Merchant

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = "20260102110405"
DAY_S = 86_400
LADDER_S = 3600.0
LABEL = "tip pp000001"


class Stamp:
    """
    The stamp clock stands still; waiting is real, and short.
    """

    def now(self) -> datetime:
        return T0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251  the wait that a fault asks for


@dataclass
class Union:
    """A merchant of UnionPay's beside a sandbox."""

    box: Sandbox
    merchant: Merchant

    async def raw(self, where: str, fields: dict[str, Any], *, method: str = "01") -> tuple[int, bytes]:
        """
        A signed message over the wire; status and bytes of what came back.
        """
        signed = self.merchant.signed(fields, method=method)
        codec = "gbk" if signed["encoding"] == "GBK" else "utf-8"
        body = "&".join(f"{name}={_quoted(value, codec)}" for name, value in signed.items())
        headers = {"Content-Type": f"application/x-www-form-urlencoded;charset={signed['encoding']}"}
        url = f"{self.box.simulator.urls['unionpay']}{PATHS[where]}"
        async with self.box.session.post(url, data=body.encode(), headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.read()

    async def ask(self, where: str, fields: dict[str, Any], *, method: str = "01") -> dict[str, str]:
        """
        The same, parsed as the official client does it, and verified.
        """
        status, body = await self.raw(where, fields, method=method)
        assert status == 200
        codec = "gbk" if fields.get("encoding") == "GBK" else "utf-8"
        answer = official_java(body.decode(codec))
        assert self.merchant.verified(answer, codec=codec), answer
        return answer

    def consumption(self, order: str = "order001", **more: str | None) -> dict[str, Any]:
        return {
            "txnType": "01",
            "txnSubType": "01",
            "bizType": "000301",
            "channelType": "07",
            "orderId": order,
            "txnTime": NOW,
            "txnAmt": "100",
            "currencyCode": "156",
            "accNo": CARD,
            "backUrl": self.box.receiver.url,
            "reqReserved": LABEL,
            **more,
        }

    async def consume(self, order: str = "order001", **more: str | None) -> dict[str, str]:
        return await self.ask("back", self.consumption(order, **more))

    async def app(self, order: str = "order001", **more: str | None) -> dict[str, str]:
        return await self.ask("app", self.consumption(order, bizType="000201", accNo=None, **more))

    async def pays(self, order: str = "order001", action: str = "pay") -> None:
        await self.box.control("POST", f"/trades/unionpay/{order}/buyer", {"action": action})

    def trade(self, order: str = "order001") -> Trade:
        simulator = self.box.simulator
        trade = simulator.book.by_order("unionpay", order, now=simulator.schedule.now())
        assert trade is not None
        return trade

    async def query(self, order: str = "order001", **more: str | None) -> dict[str, str]:
        return await self.ask("query", self.querying(order, **more))

    @staticmethod
    def querying(order: str = "order001", **more: str | None) -> dict[str, Any]:
        return {"txnType": "00", "txnSubType": "00", "bizType": "000000", "orderId": order, "txnTime": NOW, **more}

    async def give_back(self, kind: str, order: str, query_id: str, amount: str = "100", **more: str) -> dict[str, str]:
        fields = {"txnType": kind, "txnSubType": "00", "orderId": order, "txnAmt": amount, "origQryId": query_id}
        return await self.ask("back", {**self.consumption(), **fields, "accNo": None, **more})

    async def file(self, day: str = "0102") -> dict[str, str]:
        fields = {"txnType": "76", "txnSubType": "01", "bizType": "000000", "fileType": "00", "settleDate": day}
        return await self.ask("file", {**fields, "txnTime": NOW})

    def believes(self, body: bytes) -> bool:
        """
        Whether a correct client takes these bytes for an answer.
        """
        fields = official_java(body.decode("utf-8", "replace"))
        try:
            return self.merchant.verified(fields)
        except (KeyError, ValueError):
            return False

    async def answers(self, api: str) -> list[dict[str, str]]:
        """
        What calls of *api* were answered, out of the journal's bytes.
        """
        entries = [one for one in await self.box.journal("in") if one["api"] == api and one["response"]]
        return [official_java(answer_body(one).decode("utf-8", "replace")) for one in entries]

    async def told(self) -> list[dict[str, str]]:
        """
        What each delivery said, in the order of their ends, out of the journal's bytes.
        """
        return [form(one["body"]) for one in await self.box.journal("out")]

    async def struck_once(self, fault: str) -> None:
        """
        The first answer and the first notify are struck.
        """
        for on in ("reply", "notify"):
            rule = {"id": f"{fault}-{on}", "fault": fault, "where": {"on": on, "first": 1}}
            await self.box.control("POST", "/faults/rules", rule)

    async def refuses(self, code: str, api: str, *, first: int = 1, work: bool = False) -> None:
        await self.box.rule("refuse", {"on": "reply", "api": api, "first": first}, code=code, work=work)


def _quoted(value: str, codec: str) -> str:
    return quote_plus(value, encoding=codec)


def form(body: bytes, *, codec: str = "utf-8") -> dict[str, str]:
    """
    A notify as a web framework reads it.
    """
    return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding=codec))


def sent(entry: dict[str, Any]) -> bytes:
    return base64.b64decode(entry["request"]["body_b64"])


@asynccontextmanager
async def union(credentials_dir: Path, **settings: Any) -> AsyncIterator[Union]:
    """
    A world whose clocks stand at noon in Beijing, nearly.
    """
    async with sandbox(credentials_dir, clock=Stamp(), **settings) as box:
        yield Union(box, Merchant(credentials_dir))
