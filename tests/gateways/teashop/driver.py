"""
The tea shop's driver as a Python class: what driver.yaml says, for a gateway that YAML could not describe.
"""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from harness.settings import child_environment
from harness.sut.contract import NewPayment, Outcome, Payment, Refund, Reply, refused, unknown
from harness.sut.python_driver import Setup

HERE = Path(__file__).resolve().parent
PORT = 20_998
STATES = {"WAIT": "PENDING", "PAID": "PAID", "DEAD": "CLOSED"}
REFUNDS = {"DOING": "PROCESSING", "DONE": "SUCCEEDED", "NO": "FAILED"}
EVENTS = {"paid": "payment.paid", "refunded": "refund.succeeded"}


class Teashop:
    """Opens orders, reads them, refunds them; says how often it credited."""

    name = "teashop"
    channels = ("alipay",)
    settle_s = 15.0

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._url = f"http://127.0.0.1:{PORT}"
        self._session: aiohttp.ClientSession | None = None
        self._process: asyncio.subprocess.Process | None = None

    # The program

    async def start(self) -> None:
        """Come back when it answers."""
        command = [sys.executable, str(HERE / "server.py"), str(PORT), str(self._setup.run_dir / "teashop.sqlite")]
        env = child_environment(
            PYTHONPATH=str(HERE.parents[2] / ".venv" / "sdk" / "python-alipay-sdk"),
            TEASHOP_ALIPAY=f"{self._setup.providers['alipay']}/gateway.do",
            TEASHOP_KEYS=str(self._setup.credentials / "alipay"),
            TEASHOP_PLATFORM=self._setup.sink_url,
        )
        self._process = await asyncio.create_subprocess_exec(*command, env=env)
        async with asyncio.timeout(20):
            while (await self._ask("GET", "/"))[0] is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), 0.1)
                    raise RuntimeError("the shop ended before it answered")

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    # The questions

    async def create(self, payment: NewPayment) -> Reply[Payment]:
        body = {"no": payment.merchant_order_no, "cents": payment.amount_fen, "title": payment.subject}
        return self._payment(*await self._ask("POST", "/v2/orders", body), no=frozenset({40901}))

    async def get(self, payment_id: str) -> Reply[Payment]:
        return self._payment(*await self._ask("GET", f"/v2/orders/{payment_id}"))

    async def sync(self, payment_id: str) -> Reply[Payment]:
        return self._payment(*await self._ask("POST", f"/v2/orders/{payment_id}/check", {}))

    async def refund(
        self, payment_id: str, *, merchant_refund_no: str, amount_fen: int, reason: str | None = None
    ) -> Reply[Refund]:
        del reason  # the shop asks for none
        body = {"no": merchant_refund_no, "cents": amount_fen}
        status, said = await self._ask("POST", f"/v2/orders/{payment_id}/refunds", body)
        if problem := _problem(status, said, no=frozenset({40010, 40902})):
            return problem
        told = Refund(
            id=str(said["refund"]["id"]),
            payment_id=payment_id,
            merchant_refund_no=merchant_refund_no,
            out_request_no="",
            amount_fen=amount_fen,
            status=REFUNDS[said["refund"]["state"]],
        )
        return Reply(outcome=Outcome.OK, value=told, status=status)

    async def effects(self, payment_id: str) -> Reply[int]:
        status, said = await self._ask("GET", f"/v2/orders/{payment_id}")
        if problem := _problem(status, said):
            return problem
        return Reply(outcome=Outcome.OK, value=int(said["order"]["credits"]), status=status)

    # What it tells the platform

    @staticmethod
    def read_webhook(body: bytes) -> Mapping[str, Any] | None:
        said = orjson.loads(body)
        data: dict[str, Any] = {"merchant_order_no": said["order"], "amount_fen": said.get("cents")}
        if said["what"] == "refunded":
            data["refund"] = {"amount_fen": said.get("back")}
        return {"event_id": str(said["event"]), "type": EVENTS[said["what"]], "data": data}

    def _payment(self, status: int | None, said: Any, *, no: frozenset[int] = frozenset()) -> Reply[Payment]:
        if problem := _problem(status, said, no=no):
            return problem
        order = said["order"]
        told = Payment(
            id=str(order["id"]),
            merchant_order_no=order["no"],
            out_trade_no=order.get("number") or "",
            channel="alipay",
            amount_fen=order["cents"],
            status=STATES[order["state"]],
            refund_status="NONE",
            refunded_fen=order.get("back"),
            channel_trade_no=order.get("trade"),
            qr_code=order.get("qr"),
        )
        return Reply(outcome=Outcome.OK, value=told, status=status)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int | None, Any]:
        """
        Status and answer; no status when nobody answered, which says nothing about what was done.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))
        try:
            async with self._session.request(method, self._url + path, json=body) as answer:
                text = await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            return None, None
        return answer.status, orjson.loads(text) if text.startswith(b"{") else None


def _problem(status: int | None, said: Any, *, no: frozenset[int] = frozenset()) -> Reply[Any] | None:
    """
    A no, or an answer from which nothing follows; None for a yes.
    """
    if status is None or status >= 500 or said is None:
        return unknown(status=status, detail=str(said))
    if status >= 400 or said.get("code") in no:
        return refused(status=status, code=str(said.get("code", "")), detail=str(said))
    return None
