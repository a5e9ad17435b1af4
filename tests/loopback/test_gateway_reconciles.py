"""
The gateway compares the simulator's bills with its ledger, over sockets: every difference that can be planted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from reference_gateway.app import Gateway, build
from reference_gateway.clock import SystemClock
from reference_gateway.store.memory_unit_of_work import MemoryStore
from tests.loopback.alipay_channels import CHANNELS
from tests.loopback.alipay_channels import merchant as merchant_of
from tests.loopback.sandbox import Sandbox, sandbox
from tests.unit.reference_gateway.support import APP, Merchant, RememberingSender, settings

pytestmark = pytest.mark.asyncio
DAY_S = 86_400
PATH = "/api/v1/reconciliations"


class Later:
    """
    The machine's clock, ahead by what the simulator's schedule was advanced.
    """

    def __init__(self) -> None:
        self._machine = SystemClock()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self._machine.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)


@dataclass
class Shop:
    """
    A gateway between a merchant and the simulator.
    """

    box: Sandbox
    gateway: Gateway
    merchant: Merchant
    clock: Later
    channel: str

    async def paid(self, number: str, amount_fen: int = 10_000, *, told: bool = True) -> Any:
        """
        An order that its buyer has paid; *told* waits until the gateway has heard of it.
        """
        status, payment = await self.merchant.pay(number, amount_fen, channel=self.channel, subject="tip pp000001")
        assert status == 201, payment
        await self.box.control("POST", f"/trades/alipay/{payment['out_trade_no']}/buyer", {"action": "pay"})
        if told:
            await self.merchant.call("POST", f"/api/v1/payments/{payment['id']}/sync")
        return payment

    async def refunded(self, payment: Any, amount_fen: int = 300) -> Any:
        body = {"merchant_refund_no": "r-1", "amount_fen": amount_fen}
        status, refund = await self.merchant.call("POST", f"/api/v1/payments/{payment['id']}/refunds", body)
        assert (status, refund["status"]) == (201, "SUCCEEDED")
        return refund

    def today(self) -> date:
        return (self.clock.now() + timedelta(hours=8)).date()

    async def next_noon(self) -> date:
        """
        Go on to noon of the next day in Beijing; comes back with the day that was.
        """
        now = self.clock.now() + timedelta(hours=8)
        seconds = DAY_S - (now.hour * 3600 + now.minute * 60 + now.second) + 12 * 3600
        await self.box.advance(seconds)
        self.clock.ahead += timedelta(seconds=seconds)
        return now.date()

    async def plant(self, kind: str, day: date, **more: Any) -> None:
        difference = {"provider": "alipay", "day": day.isoformat(), "kind": kind, **more}
        await self.box.control("POST", "/bills/planted", difference)

    async def compared(self, day: date, **more: Any) -> Any:
        body = {"channel": self.channel, "day": day.isoformat(), **more}
        status, result = await self.merchant.call("POST", PATH, body)
        assert status in {200, 201}, result
        return result


@asynccontextmanager
async def shop(credentials_dir: Path, channel: str) -> AsyncIterator[Shop]:
    async with sandbox(credentials_dir, alipay_fee_basis_points=60, schedule_rate=1.0) as box:
        clock = Later()
        # The stamps of its calls are the machine's: the simulator's other clock does not run ahead.
        own = CHANNELS[channel](merchant_of(box, credentials_dir, "keys"), clock=SystemClock(), timeout_s=3.0)
        gateway = build(
            settings(routes={channel: {"fee_bp": 60}}, sync_wait_ms=10_000),
            clock=clock,
            apps={APP.app_id: APP},
            unit_of_work=MemoryStore(),
            channels={channel: own},
            webhook_sender=RememberingSender(),
        )
        await gateway.start()
        try:
            merchant = Merchant(box.session, gateway.url, clock)  # type: ignore[arg-type]
            yield Shop(box, gateway, merchant, clock, channel)
        finally:
            await gateway.stop()


@pytest_asyncio.fixture(params=list(CHANNELS))
async def own(request: pytest.FixtureRequest, credentials_dir: Path) -> AsyncIterator[Shop]:
    async with shop(credentials_dir, str(request.param)) as made:
        yield made


def told(result: Any) -> list[tuple[str, str, str]]:
    return sorted((found["kind"], found["row"], found["status"]) for found in result["differences"])


async def test_a_true_bill_agrees_with_the_ledger_to_the_fen(own):
    payment = await own.paid("o-1")
    await own.refunded(payment)
    await own.paid("o-2", 83)
    result = await own.compared(await own.next_noon())
    assert (result["differences"], result["bill_rows"], result["book_rows"]) == ([], 3, 3)


async def test_a_payment_whose_notify_was_lost_is_settled_by_the_comparison(own):
    await own.box.rule("drop_all", {"on": "notify"})
    payment = await own.paid("o-1", told=False)
    assert (await own.merchant.payment(payment))["status"] == "PENDING"
    result = await own.compared(await own.next_noon())
    assert told(result) == [("state", "payment", "repaired")]
    assert (await own.merchant.payment(payment))["status"] == "PAID"
    again = await own.compared(date.fromisoformat(result["day"]), again=True)
    assert again["open"] == 0


PLANTED = [
    ("missing_row", {}, [("missing_there", "payment", "open")]),
    ("extra_row", {}, [("missing_here", "payment", "open")]),
    ("amount", {"add_fen": 7}, [("amount", "payment", "open")]),
    ("fee", {"add_fen": 1}, [("fee", "payment", "open")]),
    ("empty_bill", {}, [("missing_there", "payment", "open"), ("missing_there", "refund", "open")]),
]


@pytest.mark.parametrize(("kind", "more", "expected"), PLANTED, ids=[row[0] for row in PLANTED])
async def test_what_is_planted_is_found_and_left_to_a_person(own, kind, more, expected):
    payment = await own.paid("o-1")
    await own.refunded(payment)
    await own.plant(kind, own.today(), **more)
    result = await own.compared(await own.next_noon())
    assert told(result) == expected
    assert all(found["explanation"] for found in result["differences"])


async def test_a_refund_that_stands_in_another_days_bill_is_explained_in_the_end(own):
    payment = await own.paid("o-1")
    refund = await own.refunded(payment)
    await own.plant("refund_other_day", own.today(), out_trade_no=payment["out_trade_no"])
    day = await own.next_noon()
    first = await own.compared(day)
    assert told(first) == [("missing_there", "refund", "open")]
    assert first["differences"][0]["number"] == refund["out_request_no"]
    second = await own.compared(await own.next_noon())
    assert told(second) == [("other_day", "refund", "explained")]
    _, first = await own.merchant.call("GET", f"{PATH}/{own.channel}/{day}")
    assert told(first) == [("missing_there", "refund", "explained")]


async def test_a_bill_that_does_not_arrive_whole_is_waited_for(own):
    await own.paid("o-1")
    day = await own.next_noon()
    await own.box.control(
        "POST", "/faults/rules", {"id": "t", "fault": "truncated", "where": {"on": "reply", "first": 1}}
    )
    body = {"channel": own.channel, "day": day.isoformat()}
    status, result = await own.merchant.call("POST", PATH, body)
    assert (status, result["status"]) == (202, "waiting")
    assert result["reason"]
    await own.box.control("DELETE", "/faults/rules/t")
    assert (await own.compared(day))["differences"] == []


async def test_a_days_bill_is_not_asked_for_before_the_day_is_over(own):
    status, problem = await own.merchant.call("POST", PATH, {"channel": own.channel, "day": own.today().isoformat()})
    assert (status, problem["code"]) == (400, "day_not_over")
