"""
Buyers at work while servers die beneath the gateway: every answer is written down, whatever it was.

An order is asked for until it is taken, then paid at the cashier. Nothing here judges the money: the audit does.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.processes.crash_world import PATIENCE_S, CrashWorld

AGAIN_S = 0.05
PATH = "/api/v1/payments"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how."""

    status: int
    kind: str
    retry_after: str
    body: Any

    @property
    def clean(self) -> bool:
        """Whether it is a payment, or a problem that says what it is and when to come again."""
        if self.status < 400:
            return True
        told = self.kind == "application/problem+json" and self.body["status"] == self.status and self.body["code"]
        return bool(told) and self.status == 503 and self.retry_after.isdigit()


@dataclass
class Load:
    """
    A crowd that orders and pays.

    Args:
        people: who order at once.
        orders: of each.
    """

    world: CrashWorld
    people: int = 8
    orders: int = 10
    answers: list[Answer] = field(default_factory=list)
    taken: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def run(self) -> None:
        """Let everybody buy what they came for."""
        async with asyncio.TaskGroup() as crowd:
            for _ in range(self.people):
                crowd.create_task(self._person())

    async def until(self, count: int) -> None:
        """Wait until so many orders have been taken."""
        await self._patiently(lambda: len(self.taken) >= count)

    async def send(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Send what was signed, perhaps again."""
        merchant = self.world.merchant
        async with self.world.http.post(merchant.url + PATH, data=body, headers=headers) as response:
            raw = await response.read()
            again = response.headers.get("Retry-After", "")
            return Answer(response.status, response.content_type, again, json.loads(raw))

    async def _person(self) -> None:
        ids = self.world.world.ids
        for _ in range(self.orders):
            payment = await self._taken(ids.order_no(ids.next_label()))
            self.taken[payment["id"]] = payment
            await self._pay(payment)

    async def _taken(self, number: str) -> Any:
        order = {"merchant_order_no": number, "amount_fen": 500, "currency": "CNY", "subject": "tip"}
        body = json.dumps({**order, "channel": "alipay", "product": "qr"}).encode()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                headers = self.world.merchant.headers("POST", PATH, body)
                answer = await self.send(body, headers)
                self.answers.append(answer)
                if answer.status < 400:
                    self.sent.append((body, headers))
                    return answer.body
                assert answer.clean, answer
                await self.world.merchant.clock.sleep(AGAIN_S)

    async def _pay(self, payment: Any) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while payment.get("pay_params") is None:
                await self.world.merchant.clock.sleep(AGAIN_S)
                status, found = await self.world.merchant.call("GET", f"{PATH}/{payment['id']}")
                assert status in (200, 503), (status, found)
                payment = found if status == 200 else payment
        await self.world.world.control.qr(payment["pay_params"]["qr_code"])

    async def _patiently(self, good: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not good():
                await self.world.merchant.clock.sleep(AGAIN_S)

    async def standing(self) -> dict[str, str]:
        """How every payment that was answered stands now."""
        found = [await self.world.merchant.call("GET", f"{PATH}/{payment_id}") for payment_id in self.taken]
        return {payment_id: answer.get("status", "") for payment_id, (_, answer) in zip(self.taken, found, strict=True)}
